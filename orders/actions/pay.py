"""Payment facts: append-only, each once; the status follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from oms.core import journal, money
from oms.core.actors import Actor
from oms.core.columns import insert
from oms.core.journal import Line
from orders.actions.clear_holds import clear_holds
from orders.actions.derive import derive_statuses, facts_of
from orders.actions.place_holds import Holding, place_holds
from orders.drafts import PaymentDraft, RefundDraft
from orders.models import Order, PaymentTransaction, Refund, RefundLine
from orders.rules.ledger import look
from orders.rules.progress import PAYMENT_ALLOWS_WORK


class Paid(Protocol):
    """The order that a fact is about."""

    @property
    def pk(self) -> int: ...

    @property
    def currency(self) -> str: ...


def record_payments(
    facts: Sequence[tuple[Paid, Iterable[PaymentDraft]]], *, by: Actor, fresh: bool = False
) -> set[int]:
    """Add the facts not known yet; returns the orders that learned something. Needs a transaction.

    Refunds among them are left out: they are recorded once, as refunds (``record_refund_facts``). Of ``fresh``
    orders nothing is known yet, and placing them tells and counts by itself.

    An order whose payment now allows work loses its payment hold; the caller calls ``go_on``.
    """
    facts = [(order, tuple(d for d in drafts if d.kind != "refund")) for order, drafts in facts]
    known: set[tuple[int, str, str, str]] = set()
    if not fresh:
        paid_for = PaymentTransaction.objects.filter(order_id__in=[o.pk for o, drafts in facts if drafts])
        known.update(paid_for.values_list("order_id", "external_id", "kind", "status"))
    rows: list[dict[str, Any]] = []
    for order, drafts in facts:
        for d in drafts:
            key = (order.pk, d.external_id, d.kind, d.status)
            if key not in known:
                known.add(key)
                rows.append(
                    {
                        "order_id": order.pk, "external_id": d.external_id, "kind": d.kind, "status": d.status,
                        "amount": d.amount.customer, "currency": order.currency, "shop_amount": d.amount.shop,
                        "gateway": d.gateway[:60], "at": d.at,
                    }
                )  # fmt: skip
    insert(PaymentTransaction, rows)
    touched: set[int] = {row["order_id"] for row in rows}
    if fresh or not rows:
        return touched
    journal.write(
        [
            Line(
                f"order:{row['order_id']}",
                f"order:{row['order_id']}",
                "pay",
                f"{row['kind']} {row['status']}: {money.words(row['amount'], row['currency'])}",
            )
            for row in rows
        ],
        by=by,
    )
    derive_statuses(touched)
    paid = list(
        Order.objects.filter(pk__in=touched, payment_status__in=PAYMENT_ALLOWS_WORK).values_list(
            "pk", flat=True
        )
    )
    clear_holds(paid, ["payment_pending"], by=by, note="paid")
    _hold_what_is_odd(rows, by)
    return touched


def _hold_what_is_odd(rows: Sequence[Mapping[str, Any]], by: Actor) -> None:
    """Hold orders by what their new facts say (a dispute, more taken than authorised), and end the hold of a
    dispute that was won. What a person has released is not held again for the same reason."""
    new: dict[int, set[str]] = {}
    for row in rows:
        new.setdefault(row["order_id"], set()).add(
            "chargeback" if row["kind"] == "chargeback" else "total_mismatch"
        )
    orders = Order.objects.filter(pk__in=new).prefetch_related("transactions", "holds")
    holdings: list[Holding] = []
    won: list[int] = []
    for order in orders:
        found = look(facts_of(order), order.total)
        released = {(h.type, h.data.get("code")) for h in order.holds.all() if h.state == "released"}
        holdings += [
            Holding(order.pk, f)
            for f in found
            if f.hold in new[order.pk] and (f.hold, f.reason.code) not in released
        ]
        if not any(f.hold == "chargeback" for f in found):
            won.append(order.pk)
    clear_holds(won, ["chargeback"], by=by, note="the dispute was won")
    place_holds(holdings, by=by)


def record_shop_refunds(
    facts: Sequence[tuple[Paid, Iterable[RefundDraft]]],
    line_ids: Mapping[tuple[int, str], int],
    *,
    by: Actor,
    quiet: bool = False,
) -> list[Refund]:
    """Refunds that were made at the shop, each once. One that carries our own key is the echo of ours and
    only settles it. ``line_ids``: (order id, external line id) → line. Needs a transaction."""
    facts = [(order, tuple(drafts)) for order, drafts in facts]
    having = [order.pk for order, drafts in facts if drafts]
    if not having:
        return []
    known: dict[int, set[str]] = {}
    for order_id, external_id, key in Refund.objects.filter(order_id__in=having).values_list(
        "order_id", "external_id", "key"
    ):
        known.setdefault(order_id, set()).update({external_id, str(key)})
    rows: list[Refund] = []
    parts: list[RefundLine] = []
    for order, drafts in facts:
        for d in drafts:
            if known.get(order.pk, set()) & {d.external_id, d.our_key} - {""} or d.total.customer <= 0:
                continue
            refund = Refund(
                order_id=order.pk, external_id=d.external_id, amount=d.total.customer, currency=order.currency,
                shop_amount=d.total.shop, reason=d.reason[:200], made_at_shop=True, state="succeeded",
                created_by=str(by), settled_at=d.at,
            )  # fmt: skip
            rows.append(refund)
            parts += [
                RefundLine(
                    refund=refund, line_id=line_ids.get((order.pk, p.external_line_id)), quantity=p.quantity,
                    net=p.net.customer, tax=p.tax.customer, shop_net=p.net.shop, shop_tax=p.tax.shop,
                )
                for p in d.lines
            ]  # fmt: skip
            parts += [
                RefundLine(
                    refund=refund, kind="charge", charge=p.external_id, net=p.net.customer, tax=p.tax.customer,
                    shop_net=p.net.shop, shop_tax=p.tax.shop,
                )
                for p in d.charges
            ]  # fmt: skip
    Refund.objects.bulk_create(rows)
    RefundLine.objects.bulk_create(parts)
    record_refund_facts(rows)
    if not quiet:
        journal.write(
            [
                Line.of(
                    r,
                    "refund_at_shop",
                    f"{money.words(r.amount, r.currency)} were paid back at the shop. {r.reason}".strip(),
                )
                for r in rows
            ],
            by=by,
        )
    return rows


def record_refund_facts(refunds: Iterable[Refund]) -> None:
    """Money that went back, as facts of the payment ledger: each refund once, by its id at the shop."""
    PaymentTransaction.objects.bulk_create(
        [
            PaymentTransaction(
                order_id=r.order_id, external_id=f"refund:{r.external_id}"[:120], kind="refund", status="succeeded",
                amount=r.amount, currency=r.currency, shop_amount=r.shop_amount, at=r.settled_at or r.created_at,
            )
            for r in refunds
        ],
        ignore_conflicts=True,
    )  # fmt: skip
