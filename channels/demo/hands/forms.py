"""Forms of a page as a browser sees them: their fields with what is filled in already."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

Attributes = list[tuple[str, str | None]]


@dataclass
class Form:
    """``fields``: name -> the value that the browser would send."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._select = self._textarea = ""

    def handle_starttag(self, tag: str, attributes: Attributes) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._open = Form(given.get("action", ""))
            self.forms.append(self._open)
        elif self._open is None:
            return
        elif tag == "input":
            self._input(given)
        elif tag == "select":
            self._select = given.get("name", "")
            self._open.names.add(self._select)
        elif tag == "option" and self._select:
            chosen = "selected" in given or self._select not in self._open.fields
            if chosen:
                self._open.fields[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._textarea = given.get("name", "")
            self._open.names.add(self._textarea)
            self._open.fields[self._textarea] = ""

    def _input(self, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text").lower()
        if not name or kind in {"submit", "button", "image", "reset", "file"}:
            return
        assert self._open is not None
        self._open.names.add(name)
        if kind in {"checkbox", "radio"} and "checked" not in given:
            return
        self._open.fields[name] = given.get("value", "on" if kind == "checkbox" else "")

    def handle_data(self, data: str) -> None:
        if self._textarea and self._open:
            self._open.fields[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""


def forms_of(page: str) -> list[Form]:
    reader = _Reader()
    reader.feed(page)
    return reader.forms
