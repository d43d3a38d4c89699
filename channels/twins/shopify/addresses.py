"""Addresses in words."""

from __future__ import annotations

from typing import Any

Doc = dict[str, Any]


COUNTRIES = {
    "AU": "Australia", "AT": "Austria", "BE": "Belgium", "CA": "Canada", "CH": "Switzerland", "CY": "Cyprus",
    "CZ": "Czechia", "DE": "Germany", "DK": "Denmark", "ES": "Spain", "FI": "Finland", "FR": "France",
    "GB": "United Kingdom", "GR": "Greece", "HK": "Hong Kong SAR", "IE": "Ireland", "IL": "Israel",
    "IS": "Iceland", "IT": "Italy", "JP": "Japan", "LT": "Lithuania", "LU": "Luxembourg", "MT": "Malta",
    "NL": "Netherlands", "NO": "Norway", "PL": "Poland", "PT": "Portugal", "SA": "Saudi Arabia", "SE": "Sweden",
    "SG": "Singapore", "US": "United States", "ZA": "South Africa",
}  # fmt: skip


def country_name(address: Doc) -> str | None:
    code = address.get("country_code")
    return address.get("country") or (COUNTRIES.get(code, code) if code else None)


def full_name(doc: Doc) -> str:
    return " ".join(part for part in (doc.get("first_name"), doc.get("last_name")) if part)


def formatted(address: Doc, with_name: bool = False, with_company: bool = True) -> list[str]:
    rows = [
        full_name(address) if with_name else None,
        address.get("company") if with_company else None,
        address.get("address1"),
        address.get("address2"),
        " ".join(
            part for part in (address.get("city"), address.get("province_code"), address.get("zip")) if part
        ),
        country_name(address),
    ]
    return [row for row in rows if row]
