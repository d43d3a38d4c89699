"""What the buttons of stock share."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext

MOST = 100_000
SHELF = ("item", "location")


def pieces(n: int) -> str:
    return ngettext("%(n)s piece", "%(n)s pieces", n) % {"n": n}


def number(label: str, *, least: int = 0, **kwargs: Any) -> forms.IntegerField:
    pad = forms.NumberInput(attrs={"inputmode": "numeric"})
    return forms.IntegerField(label=label, min_value=least, max_value=MOST, widget=pad, **kwargs)


def ledger_note(**kwargs: Any) -> forms.CharField:
    shape = {
        "label": gettext("why"),
        "max_length": 200,
        "help_text": gettext("It is kept in the ledger."),
        **kwargs,
    }
    return forms.CharField(**shape)
