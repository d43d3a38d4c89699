"""What all our carriers would take for a parcel, side by side: asked now, kept with the parcel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext

from fulfillment.actions.declare_customs import READS, why_not_declare
from fulfillment.actions.describe_parcel import describe_parcel
from fulfillment.actions.note_carrier import noting_carrier
from fulfillment.actions.reach_carrier import carrier_for
from fulfillment.carriers.base import Can, Parcel, Quote
from fulfillment.models import CarrierAccount, Shipment
from fulfillment.rules.offers import Offer, stored
from oms.core.errors import Permanent, Reason, Refused, Retry


@dataclass(frozen=True)
class Bid:
    """What it takes to buy an offer."""

    account: CarrierAccount
    quote: Quote
    parcel: Parcel


def compare_offers(shipment_id: int) -> Shipment:
    """Ask every active account and keep the offers, cheapest first; nothing is bought. Accounts that cannot
    answer are named in ``quote_problems``.

    Raises :class:`Refused` for a parcel that needs no label, or that customs would not let pass; ``Retry`` or
    ``Permanent`` when no account has an offer.
    """
    parcel = (
        Shipment.objects.select_related("fulfillment_order__location", "fulfillment_order__order")
        .prefetch_related(*READS[:2])
        .get(pk=shipment_id)
    )
    if parcel.state != "draft":
        raise Refused(
            Reason(
                "wrong_state", gettext("This parcel is %(state)s.") % {"state": parcel.get_state_display()}
            )
        )
    reasons = why_not_declare(parcel)
    if reasons:
        raise Refused(reasons)
    found, problems = ask_all(parcel, f"{parcel.key}-offer", active_accounts())
    parcel.quotes = [stored(offer) for offer, _ in found]
    parcel.quote_problems, parcel.quoted_at = problems, timezone.now()
    Shipment.objects.filter(pk=parcel.pk).update(
        quotes=parcel.quotes, quote_problems=parcel.quote_problems, quoted_at=parcel.quoted_at
    )
    return parcel


def active_accounts() -> list[CarrierAccount]:
    return list(CarrierAccount.objects.filter(active=True).order_by("pk"))


def ask_all(
    parcel: Shipment, key: str, accounts: Sequence[CarrierAccount]
) -> tuple[list[tuple[Offer, Bid]], list[str]]:
    """The offers of these accounts, cheapest first, each with what it takes to buy it, and in words the problems
    of those that have none. Raises what the carriers said when there is no offer at all: ``Retry`` before all
    else, since the next try may have one."""
    found: list[tuple[Offer, Bid]] = []
    problems: list[tuple[CarrierAccount, Retry | Permanent]] = []
    for account in accounts:
        try:
            carrier = carrier_for(account)
            if not {Can.RATE, Can.LABEL} <= carrier.can:
                continue
            told = describe_parcel(parcel, key, account.options)
            with noting_carrier(account.pk):
                quotes = carrier.rates(told)
            for q in quotes:
                offer = Offer(account.pk, account.name, q.carrier, q.service, q.amount, q.currency, q.days)
                found.append((offer, Bid(account, q, told)))
        except (Retry, Permanent) as error:
            problems.append((account, error))
    words = [f"{account.name}: {error}" for account, error in problems]
    if not found:
        if len(problems) == 1:
            raise problems[0][1]
        waits = [said for _, said in problems if isinstance(said, Retry)]
        if waits:
            raise Retry(" ".join(words), after=waits[0].after)
        raise Permanent("no_rate", " ".join(words) or "No carrier is connected that sells labels.")
    return sorted(found, key=lambda pair: (pair[0].amount, pair[0].service)), words
