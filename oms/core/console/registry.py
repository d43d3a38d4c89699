"""What the floors above hang into the console: queues, buttons, panels, figures, search boxes, menu entries.

An app's door is its ``console.py`` beside ``admin.py``: found by itself at start, it calls ``register`` with
what it adds. So a higher app extends a lower app's pages without being imported by it. Everything here is
plain data; models are named ("orders.order") and rows are asked for by calling, so nothing is read at import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias

from django.utils.translation import gettext_lazy as _

from oms.core.actors import Actor
from oms.core.errors import Reason
from oms.core.personal import sees_people
from oms.core.words import Words

Refusals: TypeAlias = "Mapping[Any, Sequence[Reason]]"
"""By primary key of the row; a row that is not in it is not refused."""

Data: TypeAlias = "Mapping[str, Any]"
"""What a person typed into a button's form, cleaned."""

Ids: TypeAlias = "Sequence[int]"

GROUPS: Mapping[str, Words] = {
    "To decide": _("To decide"),
    "Cannot be promised": _("Cannot be promised"),
    "Ship today": _("Ship today"),
    "On the way": _("On the way"),
    "Coming back": _("Coming back"),
    "Channels": _("Channels"),
    "Stock": _("Stock"),
    "System": _("System"),
}
"""The groups of home, in the order in which they are shown, with their titles."""


NOTHING_WAITS = _("Nothing waits here.")


@dataclass(frozen=True)
class Queue:
    """Work that waits for somebody. ``rows`` gives the queryset of ``model`` that its list shows, read
    through a partial index; ``counted`` (when given) is a cheaper queryset to count and to take the age
    from, such as the holds instead of their orders. ``age_field`` is a date of the counted rows that is
    never empty there. Shown to those who have ``permission`` (to act, not only to look).
    """

    slug: str
    title: Words
    group: str
    model: str
    rows: Callable[[], Any]
    age_field: str
    permission: str
    empty_words: Words = NOTHING_WAITS
    words: Words = ""
    counted: Callable[[], Any] | None = None
    rank: int = 100


@dataclass(frozen=True)
class Preview:
    """What pressing would do, said before it is done. ``facts`` are label and value; ``refused`` by label. ``each``
    and ``total`` are for a form with a table: what its rows come to, by their keys, and all of it."""

    words: str
    facts: Sequence[tuple[Words, str]] = ()
    refused: Mapping[str, Sequence[Reason]] = field(default_factory=dict)
    each: Mapping[str, str] = field(default_factory=dict)
    total: str = ""


@dataclass(frozen=True)
class Outcome:
    """What was done, in words. ``undo`` names the button that takes it back, and for which rows; ``link``
    (label, address) leads to what it made, such as a PDF."""

    words: str
    done: int = 1
    refused: Mapping[str, Sequence[Reason]] = field(default_factory=dict)
    undo: tuple[str, Sequence[int]] | None = None
    link: tuple[str, str] | None = None


def each(check: Callable[[Any], Sequence[Reason]]) -> Callable[[Sequence[Any]], Refusals]:
    """``refusals`` of a button, from a check of one row."""
    return lambda rows: {row.pk: check(row) for row in rows}


def _nothing_refused(rows: Sequence[Any]) -> Refusals:
    return {}


def _always(row: Any) -> bool:
    return True


@dataclass(frozen=True)
class Button:
    """A verb that a person can press on rows of ``model``.

    ``permission``: the person needs it, or one of them. ``may(user, row)`` narrows that by row (the right to
    release this type of hold). ``shown(row)`` says whether the verb makes sense on the row at all; where it
    does but ``refusals(rows)`` has reasons, it is greyed with them. ``reads`` names what those three look
    at (lookups for ``prefetch_related``), so that a list costs no more statements than a row.

    ``form(rows)`` gives a Django form class, or ``None``; ``preview(ids, data)`` what would happen.
    ``dangerous`` asks once more. ``bulk`` also offers it on lists. ``steps`` are the steps of the strip
    (``orders.rules.progress.STEPS``) whose next deed it is; ``hotkey`` is one letter.

    ``acts_at(ids)`` gives by row the places that pressing would touch, where the row itself lies at none: who is
    tied to others is refused.

    ``run(ids, actor, data)`` calls one action and may raise ``Refused``: then nothing has changed. ``data`` is
    the form's cleaned data, and ``data["press"]`` a key that is the same for a double click: hand it to
    actions that want a key.
    """

    name: str
    label: Words
    model: str
    permission: str | tuple[str, ...]
    run: Callable[[Sequence[int], Actor, Mapping[str, Any]], Outcome]
    refusals: Callable[[Sequence[Any]], Refusals] = _nothing_refused
    shown: Callable[[Any], bool] = _always
    may: Callable[[Any, Any], bool] | None = None
    reads: Sequence[str] = ()
    form: Callable[[Sequence[Any]], type | None] | None = None
    preview: Callable[[Sequence[int], Mapping[str, Any]], Preview] | None = None
    bulk: bool = True
    dangerous: bool = False
    steps: frozenset[str] = frozenset()
    hotkey: str = ""
    words: Words = ""
    rank: int = 100
    acts_at: Callable[[Sequence[int]], Mapping[int, set[int]]] | None = None

    @property
    def permissions(self) -> tuple[str, ...]:
        return (self.permission,) if isinstance(self.permission, str) else self.permission

    def allowed(self, user: Any) -> bool:
        """Could this person press it on some row?"""
        return any(user.has_perm(name) for name in self.permissions)

    def allowed_on(self, user: Any, row: Any) -> bool:
        return self.allowed(user) and (self.may is None or self.may(user, row))


@dataclass(frozen=True)
class Panel:
    """A part of an object's page. ``context(request, obj)`` feeds ``template``; ``None`` leaves the panel
    out. ``order`` sorts them (10 first); ``side`` puts it into the narrow column."""

    slug: str
    title: Words
    model: str
    template: str
    context: Callable[[Any, Any], Mapping[str, Any] | None]
    order: int = 100
    side: bool = False
    permission: str = ""


@dataclass(frozen=True)
class Related:
    """Rows of another model whose buttons may be the next deed on a page of ``model``: the work orders of
    an order. ``rows(obj)`` gives them, open ones only."""

    model: str
    of: str
    rows: Callable[[Any], Sequence[Any]]


@dataclass(frozen=True)
class Teller:
    """What a higher app knows of how far a row of ``model`` is. For orders ``tell(order)`` may give
    ``obstacles`` (a list of ``orders.rules.progress.Obstacle``)."""

    model: str
    tell: Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Day:
    """One bar of a figure's chart; ``link`` opens what it counts."""

    day: date
    count: int
    link: str = ""


@dataclass(frozen=True)
class Part:
    """A figure's share of one kind: ``words`` says more than the count, such as the money; ``link`` opens it."""

    title: Words
    now: int
    before: int
    words: Words = ""
    link: str = ""


@dataclass(frozen=True)
class Reading:
    """A figure as it stands: ``now``, what it was a week ago by this hour (``None``: nothing to compare with),
    the last days oldest first, and the list behind it. ``parts``, where given, are drawn in place of the days."""

    now: int
    before: int | None
    days: Sequence[Day]
    link: str
    parts: Sequence[Part] = ()


@dataclass(frozen=True)
class Figure:
    """A number of today beside the same hours of the same weekday before. ``good`` says whether more of it
    is welcome."""

    slug: str
    title: Words
    permission: str
    read: Callable[[datetime], Reading]
    rank: int = 100
    good: bool = True


@dataclass(frozen=True)
class Finder:
    """One part of the one search box. ``find(text)`` gives a queryset that uses an index (exact or prefix
    only); ``exact(text)`` the rows that are meant beyond doubt, where that is a smaller question. ``of_person(text)``,
    where given, is ``find`` for those who may see people: what it adds is found by who somebody is."""

    model: str
    title: Words
    permission: str
    find: Callable[[str], Any]
    exact: Callable[[str], Any]
    rank: int = 100
    of_person: Callable[[str], Any] | None = None

    def found(self, text: str, user: Any) -> Any:
        """What this person finds by ``text``."""
        return (self.of_person if self.of_person and sees_people(user) else self.find)(text)


@dataclass(frozen=True)
class MenuEntry:
    """A line of the sidebar. ``link`` is the name of a URL, or an address beginning with ``/``; ``heading``
    one of Work, Orders, Warehouse, Returns, Stock, Channels, System."""

    heading: str
    title: Words
    icon: str
    link: str
    permission: str = ""
    rank: int = 100


@dataclass(frozen=True)
class People:
    """Who the rows of a thread are about, so that words which name them can be shortened for those who need not
    know. ``kind`` is how the thread begins ("order"); ``known(ids)`` gives names, streets and numbers by id. A kind
    may have several: each app adds what it knows."""

    kind: str
    known: Callable[[Sequence[int]], Mapping[int, Sequence[str]]]


@dataclass(frozen=True)
class Paper:
    """A document of rows of ``model`` to be printed: one file for all that are chosen. The person needs every
    one of ``permissions``. ``make(ids, size)`` gives the bytes and the media type, changes nothing, and raises
    ``Refused`` where there is nothing to print. ``size`` is one of ``sizes`` (name and words), or empty for the
    usual one. ``note(ids, actor)``, where given, keeps that they were printed. ``shown(row)`` says whether a row's
    page offers it, looking at nothing but the row; ``hotkey`` is one letter."""

    name: str
    label: Words
    model: str
    permissions: tuple[str, ...]
    make: Callable[[Sequence[int], str], tuple[bytes, str]]
    shown: Callable[[Any], bool] = _always
    sizes: Sequence[tuple[str, Words]] = ()
    note: Callable[[Sequence[int], Actor], None] | None = None
    hotkey: str = ""
    words: Words = ""
    rank: int = 100

    def allowed(self, user: Any) -> bool:
        return bool(user.has_perms(self.permissions))


@dataclass(frozen=True)
class Notice:
    """Something that cannot be counted and that somebody must know, at the top of home. ``read()`` gives the
    words, or nothing while all is well."""

    slug: str
    permission: str
    read: Callable[[], str]


@dataclass(frozen=True)
class FirstStep:
    """A line of the first-run checklist on home, for those who have ``permission``. ``link`` is the name of the URL
    where it is done, or empty where it is not done in the console. ``done()`` is a bool, or querysets of which a
    row in any one is enough: the cheapest there are, since home asks each time."""

    slug: str
    title: Words
    words: Words
    permission: str
    done: Callable[[], Any]
    link: str = ""
    rank: int = 100


Entry: TypeAlias = "Queue | Button | Panel | Related | Teller | Figure | Finder | MenuEntry | People | Paper | Notice | FirstStep"


@dataclass
class Registry:
    queues: dict[str, Queue] = field(default_factory=dict)
    buttons: dict[str, Button] = field(default_factory=dict)
    panels: dict[tuple[str, str], Panel] = field(default_factory=dict)
    related: list[Related] = field(default_factory=list)
    tellers: list[Teller] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)
    finders: list[Finder] = field(default_factory=list)
    menu: list[MenuEntry] = field(default_factory=list)
    people: dict[str, list[People]] = field(default_factory=dict)
    papers: dict[str, Paper] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    first_steps: dict[str, FirstStep] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Take one entry. Raises ``ValueError`` for a name that is taken, or a queue of an unknown group."""
        if isinstance(entry, Queue):
            if entry.group not in GROUPS:
                raise ValueError(f"queue {entry.slug}: there is no group {entry.group}")
            _put(self.queues, entry.slug, entry)
        elif isinstance(entry, Button):
            _put(self.buttons, entry.name, entry)
        elif isinstance(entry, Panel):
            _put(self.panels, (entry.model.lower(), entry.slug), entry)
        elif isinstance(entry, Figure):
            _put(self.figures, entry.slug, entry)
        elif isinstance(entry, Related):
            self.related.append(entry)
        elif isinstance(entry, Teller):
            self.tellers.append(entry)
        elif isinstance(entry, People):
            self.people.setdefault(entry.kind, []).append(entry)
        elif isinstance(entry, Paper):
            _put(self.papers, entry.name, entry)
        elif isinstance(entry, Notice):
            _put(self.notices, entry.slug, entry)
        elif isinstance(entry, FirstStep):
            _put(self.first_steps, entry.slug, entry)
        elif isinstance(entry, Finder):
            self.finders.append(entry)
            self.finders.sort(key=lambda f: f.rank)
        else:
            self.menu.append(entry)

    def buttons_of(self, model: str) -> list[Button]:
        found = [b for b in self.buttons.values() if b.model.lower() == model.lower()]
        return sorted(found, key=lambda b: b.rank)

    def papers_of(self, model: str) -> list[Paper]:
        found = [p for p in self.papers.values() if p.model.lower() == model.lower()]
        return sorted(found, key=lambda p: p.rank)

    def panels_of(self, model: str) -> list[Panel]:
        found = [p for p in self.panels.values() if p.model.lower() == model.lower()]
        return sorted(found, key=lambda p: p.order)

    def related_of(self, model: str) -> list[Related]:
        return [r for r in self.related if r.model.lower() == model.lower()]

    def tellers_of(self, model: str) -> list[Teller]:
        return [t for t in self.tellers if t.model.lower() == model.lower()]

    def finder_of(self, model: str) -> Finder | None:
        return next((f for f in self.finders if f.model.lower() == model.lower()), None)


def _put(where: dict[Any, Any], key: Any, entry: Any) -> None:
    if key in where:
        raise ValueError(f"the console has {key} twice")
    where[key] = entry


registry = Registry()


def register(*entries: Entry) -> None:
    """Hang entries into the console: ``register(Button(…), Queue(…))`` in an app's ``console.py``."""
    for entry in entries:
        registry.add(entry)
