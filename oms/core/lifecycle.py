"""The lifecycle mover: the only writer of state columns.

Transitions are declared with django-fsm in each app's ``lifecycle.py``. ``move`` reads the declaration,
locks the rows, asks the conditions, writes all new states with one compare-and-set UPDATE and all journal
lines with one INSERT. A refused row is answered with its reasons, never silently skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import models
from django.utils.translation import gettext
from django_fsm import FSMField

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line, NoTransaction
from oms.core.transactions import in_transaction
from oms.core.words import Words

M = TypeVar("M", bound=models.Model)


class StateField(FSMField):
    """A state that only the mover writes. Migrations know its column, which is text: what django-fsm declares around
    it they have no use for, and with every model that they render it would listen to all that follow."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, protected=True, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        del kwargs["protected"]
        return name, "django.db.models.CharField", args, kwargs


@dataclass(frozen=True)
class Guard:
    """A condition with a reason: usable as a django-fsm condition, and able to say why not."""

    code: str
    words: Words
    test: Callable[[Any], bool]

    def __call__(self, instance: Any) -> bool:
        return self.test(instance)

    @property
    def reason(self) -> Reason:
        return Reason(self.code, str(self.words))


def guard(code: str, words: Words) -> Callable[[Callable[[Any], bool]], Guard]:
    """Make a condition: ``@guard("nothing_picked", "Nothing has been picked yet.")``."""
    return lambda test: Guard(code, words, test)


@dataclass(frozen=True)
class Moved(Generic[M]):
    """What a move did: the rows as they are now, and why the others stayed."""

    done: list[M]
    refused: dict[Any, list[Reason]]

    def or_refuse(self) -> list[M]:
        """The moved rows; raises :class:`Refused` when any row was refused."""
        if self.refused:
            raise Refused([reason for reasons in self.refused.values() for reason in reasons])
        return self.done


def _transitions(model: type[models.Model], command: str) -> Any:
    method = getattr(model, command, None)
    if method is None or not hasattr(method, "_django_fsm"):
        raise TypeError(f"{model.__name__} has no transition called {command}")
    return method._django_fsm


def why_not(instance: models.Model, command: str) -> list[Reason]:
    """Why ``command`` would be refused for this row now; empty when it would be carried out."""
    fsm = _transitions(type(instance), command)
    state = getattr(instance, fsm.field.name)
    transition = fsm.transitions.get(state) or fsm.transitions.get("*")
    if transition is None:
        names = dict(fsm.field.flatchoices) if fsm.field.choices else {}
        kind = str(instance._meta.verbose_name)
        return [
            Reason(
                "wrong_state",
                gettext("This %(kind)s is %(state)s, so it cannot be done now.")
                % {"kind": kind, "state": names.get(state, state)},
            )
        ]
    return [
        getattr(condition, "reason", Reason("refused", str(condition)))
        for condition in transition.conditions
        if not condition(instance)
    ]


def move(
    rows: models.QuerySet[M] | Sequence[M],
    command: str,
    *,
    by: Actor,
    words: str | Callable[[M], str] = "",
    sets: Mapping[str, Any] | None = None,
    data: Callable[[M], Mapping[str, Any]] | None = None,
    quiet: bool = False,
) -> Moved[M]:
    """Carry out ``command`` for every row that allows it.

    ``rows`` is a queryset (locked here, in key order, with whatever the guards need prefetched) or rows
    that the caller has locked in this very transaction. ``sets`` are further columns written in the same
    UPDATE. ``quiet`` leaves out the journal, for rows that are journalled as part of a greater change.
    """
    if not in_transaction():
        raise NoTransaction("a lifecycle move belongs into a transaction")
    if isinstance(rows, models.QuerySet):
        rows = list(rows.select_for_update(of=("self",)).order_by("pk"))
    if not rows:
        return Moved([], {})
    model = type(rows[0])
    fsm = _transitions(model, command)
    field = fsm.field.name
    done: list[M] = []
    refused: dict[Any, list[Reason]] = {}
    targets: dict[str, list[M]] = {}
    before: dict[Any, str] = {}
    for row in rows:
        reasons = why_not(row, command)
        if reasons:
            refused[row.pk] = reasons
            continue
        state = getattr(row, field)
        transition = fsm.transitions.get(state) or fsm.transitions["*"]
        before[row.pk] = state
        targets.setdefault(transition.target, []).append(row)
    for target, movers in targets.items():
        sources = {before[row.pk] for row in movers}
        written = model._base_manager.filter(
            pk__among=[row.pk for row in movers], **{f"{field}__in": sources}
        ).update(**{field: target, **(sets or {})})
        if written != len(movers):  # a row was not locked by us and moved under our hands
            raise Refused(
                Reason(
                    "moved_meanwhile", gettext("Somebody else changed this at the same moment. Look again.")
                )
            )
        for row in movers:
            row.__dict__[field] = target
            for name, value in (sets or {}).items():
                setattr(row, name, value)
            done.append(row)
    if not quiet:
        journal.write(
            [
                Line.of(
                    row,
                    command,
                    words(row) if callable(words) else words,
                    before=before[row.pk],
                    after=getattr(row, field),
                    data=data(row) if data else {},
                )
                for row in done
            ],
            by=by,
        )
    return Moved(done, refused)


def states_check(field: str, states: Iterable[str], name: str) -> models.CheckConstraint:
    """A CHECK that a state column holds only declared states."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": list(states)}), name=name)
