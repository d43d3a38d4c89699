"""The parts that buttons' forms are made of: pieces by line, amounts, a reason, a choice with suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.actors import Actor
from oms.core.places import own


class WhyForm(forms.Form):
    why = forms.CharField(label=_("why"), max_length=200, help_text=_("It is kept in the timeline."))


def ask(**fields: forms.Field) -> type[forms.Form]:
    """A form of these fields, in this order."""
    return type("Asked", (forms.Form,), dict(fields))


@dataclass(frozen=True)
class Row:
    """A row of a form's table: what stands in its cells, and which fields are typed in behind them. ``most`` is what
    it would come to at most; what was asked for comes to is told by the preview, by ``key``."""

    key: str
    title: str
    cells: Sequence[str | int]
    fields: Sequence[str]
    note: str = ""
    most: str = ""


@dataclass(frozen=True)
class Table:
    """Fields as a table, a row for each line; on a phone a row is a card. ``heads`` name the cells, ``asks`` the
    fields."""

    heads: Sequence[str]
    asks: Sequence[str]
    rows: Sequence[Row]


class Tabled(forms.Form):
    """A form of which some fields are a table; the others stand around it."""

    table: Table
    gives: Mapping[str, str] = MappingProxyType({})
    total = ""

    def tell(self, gives: Mapping[str, str], total: str) -> None:
        """What was asked for comes to, by row and in all."""
        self.gives, self.total = gives, total

    def in_table(self) -> Iterator[dict[str, Any]]:
        for row in self.table.rows:
            asked = [(head, self[name]) for head, name in zip(self.table.asks, row.fields, strict=True)]
            yield {
                "row": row, "cells": list(zip(self.table.heads, row.cells, strict=True)), "asked": asked,
                "gives": self.gives.get(row.key, ""), "wrong": any(field.errors for _head, field in asked),
            }  # fmt: skip

    def above(self) -> list[forms.BoundField]:
        """What is asked before the table's fields."""
        return self.visible_fields()[: self._first()]

    def below(self) -> list[forms.BoundField]:
        shown = self._shown()
        return [field for field in self.visible_fields()[self._first() :] if field.name not in shown]

    def _shown(self) -> set[str]:
        return {name for row in self.table.rows for name in row.fields}

    def _first(self) -> int:
        shown = self._shown()
        return next((n for n, field in enumerate(self.visible_fields()) if field.name in shown), 0)


def ask_in_table(table: Table, **fields: forms.Field) -> type[forms.Form]:
    """A form of these fields, those that the table names in its rows."""
    return type("Asked", (Tabled,), {**fields, "table": table})


def key_form(names: Mapping[str, str]) -> type[forms.Form]:
    """A field for each key, never filled in: what is kept does not leave the house."""
    fields = {
        name: forms.CharField(
            label=gettext(words), required=False, max_length=500, strip=True,
            widget=forms.PasswordInput(attrs={"autocomplete": "off"}), help_text=gettext("Empty leaves the one that is kept."),
        )
        for name, words in names.items()
    }  # fmt: skip
    return type("KeyForm", (forms.Form,), fields)


def narrow(form: forms.Form, user: Any) -> forms.Form:
    """The form, offering no rows of places that are not this person's."""
    for field in form.fields.values():
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = own(user, field.queryset)
    return form


def pieces(label: str, most: int, *, given: int | None = None, help_text: str = "") -> forms.IntegerField:
    """A number of pieces from 0 to ``most``; left empty it is none."""
    return forms.IntegerField(
        label=label, min_value=0, max_value=most, initial=given, required=False, help_text=help_text,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip


def amount(label: str, currency: str, *, help_text: str = "") -> forms.DecimalField:
    """An amount of money that may be left out."""
    return forms.DecimalField(
        label=f"{label} ({currency})", min_value=0, max_digits=12, decimal_places=4, required=False,
        help_text=help_text, widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )  # fmt: skip


def by_key(data: Mapping[str, Any], prefix: str) -> dict[int, Any]:
    """The answers to ``<prefix>_<primary key>``; those left empty are left out."""
    start = f"{prefix}_"
    found = {int(name[len(start) :]): value for name, value in data.items() if name.startswith(start)}
    return {key: value for key, value in found.items() if value not in (None, "", False)}


def person(actor: Actor) -> Any:
    """The user behind an actor, for limits that depend on who presses."""
    return get_user_model().objects.get(pk=actor.user_id or 0)


class Suggesting(forms.TextInput):
    """A text field with suggestions that the browser offers: value and words."""

    def __init__(self, suggestions: Iterable[tuple[str, str]], attrs: dict[str, Any] | None = None):
        self.suggestions = list(suggestions)
        super().__init__({"autocomplete": "off", **(attrs or {})})

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        listed = f"{name}-suggestions"
        field = super().render(name, value, {**(attrs or {}), "list": listed}, renderer)
        options = format_html_join("", '<option value="{}">{}</option>', self.suggestions)
        return format_html('{}<datalist id="{}">{}</datalist>', field, listed, options)
