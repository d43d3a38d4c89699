"""A language that nobody speaks: every text that goes through gettext comes out in ⟦brackets⟧. What a page shows
without them was never offered to a translator."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser

from django.apps import apps
from django.db import models
from django.test import override_settings
from django.utils.translation import trans_real

CODE = "is"
"""A code that Django and Babel know the formats of; only its words are ours."""

NOTHING = {"script", "style", "time", "pre", "svg", "textarea", "kbd"}
"""Elements whose text is no words of ours: a time is Babel's, a body is what a shop sent."""
TOLD = {
    "title",
    "placeholder",
    "aria-label",
    "alt",
    "data-label",
    "data-bulk",
    "data-done",
    "data-offline",
    "data-empty",
}
VOID = {"input", "br", "img", "meta", "link", "hr", "rect", "source"}

# What is the same in every language: money's codes and acronyms, a unit, keys, the path of a reaction.
SAME = re.compile(r"\b([A-Z]{2,5}|kg|[0-9a-f-]{36}|\w+\.handlers\.\w+)\b")
CODES = re.compile(r"^[a-z_]+$")


class Bracketed(gettext.NullTranslations):
    def to_language(self) -> str:
        return CODE

    def gettext(self, message: str) -> str:
        return f"⟦{message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]}⟧" if message else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@contextmanager
def spoken() -> Iterator[None]:
    """Whoever asks for this language gets it."""
    with override_settings(LANGUAGES=[("en-gb", "English"), (CODE, "Brackets")]):
        known = trans_real._translations  # type: ignore[attr-defined]
        kept = known.pop(CODE, None)
        known[CODE] = Bracketed()
        try:
            yield
        finally:
            known.pop(CODE, None)
            if kept is not None:
                known[CODE] = kept


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in NOTHING:
            self.texts += [given[name] for name in given if name in TOLD]
        if tag == "input" and given.get("type") in ("submit", "button"):
            self.texts.append(given.get("value", ""))
        if tag not in VOID:
            silent = tag in NOTHING or "material-symbols" in given.get("class", "")
            self.open.append((tag, silent or bool(self.open and self.open[-1][1])))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open:
            if self.open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        if not (self.open and self.open[-1][1]):
            self.texts.append(data)


def texts(html: str) -> list[str]:
    parser = _Texts()
    parser.feed(html)
    return [" ".join(text.split()) for text in parser.texts if text.strip()]


def unwrapped(html: str, data: Iterable[str]) -> list[str]:
    """The texts of a page that hold words which are in no brackets and are none of ``data``."""
    found, known = [], sorted(data, key=len, reverse=True)
    for text in texts(html):
        rest = text
        while (inner := re.sub(r"⟦[^⟦⟧]*⟧", " ", rest)) != rest:
            rest = inner
        rest = rest.strip(" …")
        if len(rest) > 40 and any(word.startswith(rest) for word in known):
            continue  # a list shows how it begins
        for word in known:
            if word in rest:
                rest = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", " ", rest)
        if re.search(r"[^\W\d_]{2}", SAME.sub(" ", rest)):
            found.append(text)
    return found


def stored() -> list[str]:
    """Every text in the database that is no code: names, numbers, and what was written down as it happened."""
    found: set[str] = set()
    for model in apps.get_models():
        fields = [f for f in model._meta.concrete_fields if not f.choices]
        names = [
            f.attname for f in fields if isinstance(f, models.CharField | models.TextField | models.JSONField)
        ]
        for values in model._default_manager.values_list(*names) if names else ():
            for value in values:
                found.update(_leaves(value))
    texts = {" ".join(text.split()) for text in found}
    parts = {line for text in texts for line in text.split("; ")} | texts
    return [text for text in parts if len(text) > 1 and not CODES.match(text)]


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
