"""Where the sentences of rules are said in the language of whoever reads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils.translation import gettext, override

from oms.core.errors import OmsError, Refused
from oms.core.words import Told, Words


def say(words: Words) -> str:
    """Words that are no rule's are said already, or a record."""
    if not isinstance(words, Told):
        return str(words)
    said = gettext(words.template)
    gaps = {name: say(gap) if isinstance(gap, str) else gap for name, gap in words.gaps.items()}
    return said % gaps if gaps else said


def said(error: OmsError) -> str:
    """What an error says, every reason of a refusal."""
    return "; ".join(say(r.words) for r in error.reasons) if isinstance(error, Refused) else str(error)


@contextmanager
def in_house() -> Iterator[None]:
    """What is made inside is said in the language of the house, whoever asked for it: a paper is a record."""
    with override(settings.LANGUAGE_CODE):
        yield
