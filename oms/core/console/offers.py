"""Which buttons a person is offered on which rows, and why some of them are greyed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Model, QuerySet, prefetch_related_objects
from django.utils.translation import gettext

from oms.core.console.registry import Button, registry
from oms.core.errors import Reason
from oms.core.places import another_place, elsewhere, places_of
from oms.core.saying import say


@dataclass(frozen=True)
class Offer:
    """A button as one row shows it. ``direct``: one press does it; otherwise a page asks first."""

    button: Button
    row: Model
    reasons: Sequence[Reason] = ()

    @property
    def direct(self) -> bool:
        return not (self.button.form or self.button.preview or self.button.dangerous)

    @property
    def why_not(self) -> str:
        return " ".join(say(reason.words) for reason in self.reasons)


def reads_of(buttons: Iterable[Button]) -> list[str]:
    """What the buttons look at, each lookup once, for ``prefetch_related``."""
    return list(dict.fromkeys(lookup for button in buttons for lookup in button.reads))


def rows_of(button: Button, ids: Iterable[int]) -> list[Model]:
    model: Any = apps.get_model(button.model)
    rows: QuerySet = model._default_manager.filter(pk__in=list(ids)).order_by("pk")
    return list(rows.prefetch_related(*button.reads))


def refused(button: Button, user: Any, rows: Sequence[Model]) -> dict[Any, list[Reason]]:
    """Why which rows would be refused, for this person; a row that is not in it may be pressed."""
    found: dict[Any, list[Reason]] = {
        pk: [another_place()] for pk in _foreign(button, user, rows, elsewhere(user, rows))
    }
    for row in rows:
        if row.pk in found:
            continue
        if not button.shown(row):
            found[row.pk] = [Reason("not_applicable", gettext("There is nothing to do here for this."))]
        elif not button.allowed_on(user, row):
            found[row.pk] = [Reason("not_allowed", gettext("Your role may not do this here."))]
    rest = [row for row in rows if row.pk not in found]
    if rest:
        found.update({pk: list(reasons) for pk, reasons in button.refusals(rest).items() if reasons})
    return found


def _foreign(button: Button, user: Any, rows: Sequence[Model], away: set[Any]) -> set[Any]:
    """Rows at other places (``away``), and those on which the button would touch another place."""
    mine = places_of(user)
    if mine is None or button.acts_at is None:
        return away
    return away | {
        pk for pk, places in button.acts_at([row.pk for row in rows]).items() if not mine.issuperset(places)
    }


def offers(user: Any, model: str, rows: Sequence[Model]) -> dict[Any, list[Offer]]:
    """By row: the buttons that make sense there and that this person may press, greyed ones last."""
    found: dict[Any, list[Offer]] = defaultdict(list)
    away = elsewhere(user, rows)
    for button in registry.buttons_of(model):
        if not button.allowed(user):
            continue
        fitting = [row for row in rows if button.shown(row) and button.allowed_on(user, row)]
        if not fitting:
            continue
        foreign = _foreign(button, user, fitting, away)
        why = button.refusals([row for row in fitting if row.pk not in foreign])
        for row in fitting:
            reasons = (another_place(),) if row.pk in foreign else tuple(why.get(row.pk, ()))
            found[row.pk].append(Offer(button, row, reasons))
    for made in found.values():
        made.sort(key=lambda offer: bool(offer.reasons))
    return found


def attach(user: Any, rows: Sequence[Model]) -> None:
    """Give every row of one model its ``offers``, reading what the buttons look at for all of them at once."""
    if not rows:
        return
    model = rows[0]._meta.label
    buttons = [b for b in registry.buttons_of(model) if b.allowed(user)]
    prefetch_related_objects(list(rows), *reads_of(buttons))
    made = offers(user, model, rows)
    for row in rows:
        row.offers = made.get(row.pk, [])  # type: ignore[attr-defined]
