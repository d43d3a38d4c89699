"""Personal data for somebody who does not need it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

PLAIN = frozenset({"country", "region"})
"""What of an address tells nobody who it is."""


def hidden(text: str) -> str:
    """Initials stay, so that two people can be told apart: ``A••• S•••``, ``a•••@e•••``."""
    if "@" in text:
        name, _, domain = text.partition("@")
        return f"{name[:1]}•••@{domain[:1]}•••"
    return " ".join(f"{word[:1]}•••" for word in text.split())


def hidden_address(address: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v if k in PLAIN else hidden(str(v)) for k, v in address.items()}


SEES = "orders.view_personal_data"
"""The permission to see people in full; by name, as in ``oms/roles.py``."""

NOT_FOR_YOU = "Not shown: it may name people, and your role does not need that."

MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(r"(?<![\w+])(?:\+\d|0\d)[\d ()/.-]{5,}\d(?!\w)")


def sees_people(user: Any) -> bool:
    return bool(user and user.has_perm(SEES))


TELEPHONE = re.compile(r"(?:\+|0(?=.*[ ()/-]))[\d ()/.-]+")
DIGITS = re.compile(r"[+\d ()/.-]+")
FEWEST, MOST, ALIKE = 7, 15, 9
"""Digits of a telephone number; and how many at its end say whose it is, however the beginning is written:
``+44 115 …``, ``0044 115 …``, ``0115 …``."""


def names_person(text: str) -> bool:
    """Does one who searches for ``text`` look for a person? Bare numbers and codes have no such sign, and find no
    person for those who may not see any (:func:`telephone`)."""
    text = text.strip()
    return "@" in text or bool(TELEPHONE.fullmatch(text) and len(telephone(text)) == ALIKE)


def telephone(text: str) -> str:
    """The digits by which a telephone number is found, its last nine; empty for what can be none."""
    digits = re.sub(r"\D", "", text) if DIGITS.fullmatch(text.strip()) else ""
    return digits[-ALIKE:] if FEWEST <= len(digits) <= MOST else ""


class Veil:
    """What a reader sees of words that may name people: all of it, or with ``known`` (names, streets, numbers
    of those whom the page is about) and whatever looks like an e-mail address or a telephone number shortened.
    """

    do_not_call_in_templates = True

    def __init__(self, known: Iterable[str] = (), *, lifted: bool = False) -> None:
        self.lifted = lifted
        texts = sorted({t for k in known for t in _parts(k)}, key=len, reverse=True)
        told = "|".join(r"\s+".join(map(re.escape, text.split())) for text in texts)
        self._known = re.compile(rf"(?<!\w)(?:{told})(?!\w)", re.IGNORECASE) if told else None

    def __call__(self, text: Any) -> Any:
        """Text and what JSON is made of; everything else as it is."""
        if self.lifted or not text:
            return text
        if isinstance(text, Mapping):
            return {k: self(v) for k, v in text.items()}
        if isinstance(text, list | tuple):
            return [self(v) for v in text]
        if not isinstance(text, str):
            return text
        # An address first: its name alone may be a known one, and what is left would be no address any more.
        for look in filter(None, (MAIL, PHONE, self._known)):
            text = look.sub(lambda found: hidden(found[0]), text)
        return text


def _parts(text: str) -> list[str]:
    """A name is also known by each of its words; a street with its number only as a whole."""
    text = " ".join(str(text).split())
    if len(text) < 3:
        return []
    words = [word for word in text.split() if len(word) > 2 and word[:1].isupper()]
    return [text] if any(c.isdigit() or c == "@" for c in text) else [text, *words]
