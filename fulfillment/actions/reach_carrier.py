"""The carrier's adapter for an account of ours."""

from __future__ import annotations

from typing import Any

from fulfillment import carriers
from fulfillment.carriers.base import Account
from fulfillment.models import CarrierAccount


def carrier_for(account: CarrierAccount) -> Any:
    return carriers.build(
        account.kind, Account(account.slug, account.base_url, account.credentials or {}, account.options)
    )
