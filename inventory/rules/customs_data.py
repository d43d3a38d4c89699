"""What customs want to know of an item, in the form in which it is kept."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

MOST = Decimal("9999999999.99")


def hs_code(text: str) -> str:
    """Digits alone (``6307.90.98`` is ``63079098``); empty stays empty. Raises ``ValueError`` for what is no
    HS code: it has six digits the world over, and up to ten with a country's own."""
    code = re.sub(r"[\s.]", "", text)
    if code and not re.fullmatch(r"[0-9]{6,10}", code):
        raise ValueError(f"“{text[:20]}” is no HS code: it has 6 to 10 digits")
    return code


def country(text: str) -> str:
    """Two capital letters; empty stays empty. Raises ``ValueError`` for anything else."""
    code = text.strip().upper()
    if code and not re.fullmatch(r"[A-Z]{2}", code):
        raise ValueError(f"“{text[:20]}” is no country: two letters, such as GB")
    return code


def value(text: str) -> Decimal | None:
    """An amount a piece, ``None`` where it is empty. Raises ``ValueError`` for what is no amount above 0."""
    if not text.strip():
        return None
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or not 0 < amount <= MOST or amount != round(amount, 2):
        raise ValueError(f"the customs value “{text[:20]}” is no amount, such as 12.50")
    return amount
