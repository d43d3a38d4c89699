"""Connecting a carrier in the console: its account by the add form, then its keys and a try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fulfillment import carriers
from fulfillment.actions.try_connection import try_connection
from fulfillment.models import CarrierAccount
from oms.core.actions.enter_keys import enter_keys
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, register
from oms.core.console.forms import key_form
from oms.core.console.registry import Refusals
from oms.core.errors import OmsError, Reason
from oms.core.secrets import readable

MODEL = "fulfillment.carrieraccount"
CHANGE = "fulfillment.change_carrieraccount"


def kinds() -> list[tuple[str, str]]:
    """The kinds that a person may choose from, with the name shown."""
    return [(kind, kind) for kind in carriers.kinds()]


def wanted(kind: str) -> Mapping[str, str]:
    """The keys an account of this kind needs, with the words for whoever types them in."""
    try:
        return getattr(carriers.load(kind), "credentials", {})
    except OmsError:
        return {}


def _enter(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    account = CarrierAccount.objects.get(pk=ids[0])
    enter_keys(
        CarrierAccount, account.pk, {name: data.get(name) or "" for name in wanted(account.kind)}, by=actor
    )
    return Outcome(gettext("The keys are kept, encrypted. Try the connection next."))


def _try(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    return Outcome(try_connection(CarrierAccount.objects.get(pk=ids[0])))


def _lacking(rows: Sequence[CarrierAccount]) -> Refusals:
    found = {}
    for row in rows:
        missing = [
            words for name, words in wanted(row.kind).items() if not readable(row.credentials).get(name)
        ]
        if missing:
            found[row.pk] = [
                Reason(
                    "keys_missing",
                    gettext("Enter its keys first: %(names)s.") % {"names": ", ".join(missing)},
                )
            ]
    return found


register(
    Button(
        name="fulfillment.enter_keys", label=_("Enter the keys"), model=MODEL, permission=CHANGE, run=_enter, bulk=False,
        shown=lambda row: bool(wanted(row.kind)), form=lambda rows: key_form(wanted(rows[0].kind)), rank=10,
        words=_("They are kept encrypted and cannot be read again here."),
    ),
    Button(
        name="fulfillment.try_connection", label=_("Try the connection"), model=MODEL, permission=CHANGE, run=_try,
        bulk=False, refusals=_lacking, rank=20, words=_("Ask what a kilogram would cost; nothing is bought."),
    ),
)  # fmt: skip
