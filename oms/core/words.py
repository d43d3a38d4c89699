"""The type of words that a person reads: said now, or translated when they are shown."""

from __future__ import annotations

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
