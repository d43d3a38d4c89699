"""People who work in some places only: which rows are theirs.

An app says of its models how a row lies at a place (``belongs``), and inventory which places are a person's
(``told_by``). Lists, pages and the API read through ``own``; a button asks ``elsewhere``. Who is tied to no place,
programs and superusers see all, and cost no more than one statement a request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeAlias

from django.db.models import Model, Q
from django.utils.translation import gettext

from oms.core.errors import Reason, Refused

Places: TypeAlias = "frozenset[int]"

_where: dict[str, Callable[[Places], Q]] = {}
_tellers: list[Callable[[Any], Iterable[int]]] = []


def another_place() -> Reason:
    return Reason("elsewhere", gettext("This belongs to another place."))


def belongs(model: str, where: str | Callable[[Places], Q]) -> None:
    """``where``: the lookup from a row of ``model`` ("fulfillment.shipment") to its place, or what gives the
    condition for the rows of these places."""
    _where[model.lower()] = where if callable(where) else lambda places: Q(**{f"{where}__in": places})


def told_by(teller: Callable[[Any], Iterable[int]]) -> None:
    """``teller(user)`` gives the ids of her places, none meaning all."""
    _tellers.append(teller)


def places_of(user: Any) -> Places | None:
    """The places that she is tied to; ``None`` for all."""
    if not isinstance(getattr(user, "pk", None), int) or user.is_superuser:
        return None
    if not hasattr(user, "_own_places"):
        user._own_places = frozenset(pk for teller in _tellers for pk in teller(user)) or None
    known: Places | None = user._own_places
    return known


def own(user: Any, rows: Any) -> Any:
    """A queryset without what lies at other places."""
    where = _where.get(rows.model._meta.label_lower)
    places = places_of(user) if where else None
    return rows if where is None or places is None else rows.filter(where(places))


def elsewhere(user: Any, rows: Sequence[Model]) -> set[Any]:
    """Of rows of one model, the keys of those at other places: one statement for all of them."""
    if not rows or rows[0]._meta.label_lower not in _where or places_of(user) is None:
        return set()
    keys = {row.pk for row in rows}
    mine = own(user, type(rows[0])._default_manager.filter(pk__in=keys)).order_by()
    return keys - set(mine.values_list("pk", flat=True))


def refuse_elsewhere(user: Any, places: Collection[int]) -> None:
    """Raises :class:`Refused` where a deed touches a place that is not hers."""
    mine = places_of(user)
    if mine is not None and not mine.issuperset(places):
        raise Refused(another_place())
