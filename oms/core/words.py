"""The type of words that a person reads: said now, or translated when they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Words: TypeAlias = "str | StrPromise"
"""A text, or one of ``gettext_lazy``, which is said in the language of whoever looks. ``str()`` before it is
joined, kept or sent: it is no string."""


def gettext_noop(text: str) -> str:
    """Marks a text for translators and gives it back: for rules, whose words others show, and for codes that are
    shown as words. Whoever shows it says ``gettext(text)``."""
    return text


class Told(str):
    """A sentence of a rule. It is its own English, as it is kept and logged; with it go the marked ``template`` and what
    fills its gaps, so that whoever shows it can say it in the language of the reader (``oms.core.saying``)."""

    template: str
    gaps: Mapping[str, object]


def told(template: str, **gaps: object) -> Told:
    """``told(gettext_noop("%(n)s still to be sent"), n=3)``. A gap may be a ``Told`` itself; any other text in it (a
    title, an amount) is the same in every language."""
    said = Told(template % gaps if gaps else template)
    said.template, said.gaps = template, gaps
    return said
