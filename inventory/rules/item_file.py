"""A CSV file of items, as a spreadsheet saves it.

Columns, in any order, case and spaces at their ends ignored: ``sku`` and ``name``; and where there are any
``weight_g`` (whole grams a piece), ``length_mm``, ``width_mm`` and ``height_mm`` (whole millimetres a piece, all
three or none), ``barcode`` (several are parted by spaces), ``image_url`` and for customs
``hs_code``, ``origin_country``, ``customs_description`` and ``customs_value``. Other columns are passed over. Fields may be parted by commas, semicolons or tabs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from inventory.rules import customs_data
from oms.core.errors import Reason

NEEDED = ("sku", "name")
LONGEST = {"sku": 64, "name": 200, "image_url": 200, "customs_description": 100}
COLUMNS = (
    "sku", "name", "weight_g", "barcode", "image_url", "hs_code", "origin_country", "customs_description", "customs_value",
    "length_mm", "width_mm", "height_mm",
)  # fmt: skip
MOST_GRAMS = 10_000_000
SIDES = ("length_mm", "width_mm", "height_mm")
MOST_MM = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """``number`` counts as spreadsheets do: the heading is row 1."""

    number: int
    sku: str
    name: str
    weight_g: int = 0
    barcodes: tuple[str, ...] = ()
    image_url: str = ""
    hs_code: str = ""
    origin_country: str = ""
    customs_description: str = ""
    customs_value: Decimal | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None


@dataclass(frozen=True)
class ItemFile:
    """The good rows, and what is wrong with the others."""

    rows: tuple[Row, ...]
    faults: tuple[Reason, ...] = ()


def read(text: str) -> ItemFile:
    """Never raises: a file that is none has its fault."""
    heading, _, _ = text.lstrip("\ufeff").partition("\n")
    separator = max(",;\t", key=heading.count)
    table = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=separator)
    names = {(name or "").strip().lower(): name for name in table.fieldnames or ()}
    missing = [name for name in NEEDED if name not in names]
    if missing:
        return ItemFile((), (Reason("columns_missing", f"The file has no column {' and '.join(missing)}."),))
    rows: dict[str, Row] = {}
    faults: list[Reason] = []
    for number, line in enumerate(table, 2):
        given = {name: (line.get(column) or "").strip() for name, column in names.items()}
        if not any(given.values()):
            continue
        fault = _fault(given)
        if not fault and given["sku"] in rows:
            fault = f"{given['sku']} stands in row {rows[given['sku']].number} already"
        if fault:
            faults.append(Reason("bad_row", f"Row {number}: {fault}."))
            continue
        rows[given["sku"]] = Row(
            number, given["sku"], given["name"], int(given.get("weight_g") or 0),
            tuple(dict.fromkeys(given.get("barcode", "").split())), given.get("image_url", ""),
            customs_data.hs_code(given.get("hs_code", "")), customs_data.country(given.get("origin_country", "")),
            given.get("customs_description", ""), customs_data.value(given.get("customs_value", "")),
            *(int(given[side]) if given.get(side) else None for side in SIDES),
        )  # fmt: skip
    return ItemFile(tuple(rows.values()), tuple(faults))


def _fault(given: Mapping[str, str]) -> str:
    for name in NEEDED:
        if not given[name]:
            return f"the {name} is empty"
    for name, most in LONGEST.items():
        if len(given.get(name, "")) > most:
            return f"the {name} has more than {most} characters"
    grams = given.get("weight_g") or "0"
    if not grams.isascii() or not grams.isdigit() or int(grams) > MOST_GRAMS:
        return f"the weight “{grams[:20]}” is not in whole grams"
    sides = [given.get(side, "") for side in SIDES]
    for side in filter(None, sides):
        if not side.isascii() or not side.isdigit() or not 0 < int(side) <= MOST_MM:
            return f"the side “{side[:20]}” is not in whole millimetres"
    if any(sides) and not all(sides):
        return "of length, width and height some are missing"
    if any(len(code) > 64 for code in given.get("barcode", "").split()):
        return "a barcode has more than 64 characters"
    try:
        customs_data.hs_code(given.get("hs_code", ""))
        customs_data.country(given.get("origin_country", ""))
        customs_data.value(given.get("customs_value", ""))
    except ValueError as error:
        return str(error)
    return ""


def write(rows: Iterable[Row]) -> Iterator[str]:
    """The same file, line by line, so that what was written can be read again."""
    lines: Iterable[Iterable[object]] = chain([COLUMNS], (_cells(row) for row in rows))
    for line in lines:
        out = io.StringIO()
        csv.writer(out).writerow(line)
        yield out.getvalue()


def _cells(row: Row) -> list[object]:
    worth = "" if row.customs_value is None else row.customs_value
    return [row.sku, row.name, row.weight_g or "", " ".join(row.barcodes), row.image_url, row.hs_code,
            row.origin_country, row.customs_description, worth, row.length_mm or "", row.width_mm or "", row.height_mm or ""]  # fmt: skip
