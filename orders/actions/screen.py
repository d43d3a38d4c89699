"""Look at new orders before anybody works on them: hold what looks wrong, let the rest go on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Prefetch, prefetch_related_objects

from oms.core.actors import SYSTEM, Actor
from oms.core.columns import write_columns
from oms.core.errors import Reason
from oms.core.lifecycle import move
from oms.core.steps import reached
from orders.actions.hold import Holding, go_on, place_holds
from orders.drafts import AddressDraft
from orders.models import Order, OrderLine
from orders.rules import address, risk, validation
from orders.rules.holds import Finding

# The columns of a line that the checks look at: an order may have a thousand lines.
_READ = ("order_id", "title", "ordered", "cancelled", "item_id", "kind", "requires_shipping", "sku")


@transaction.atomic
def screen_orders(order_ids: Iterable[int], *, by: Actor = SYSTEM) -> list[Order]:
    """Run the checks for a batch of orders: what the channel left out, unknown items, address, payment,
    duplicates, slips, risk. Each finding is a hold; orders without one that needs a decision are opened.

    What a person has released once is not held again for the same reason. Finished orders are left alone.
    """
    orders = list(
        Order.objects.filter(pk__in=list(order_ids), state__in=["received", "review", "open"])
        .select_for_update(of=("self",))
        .order_by("pk")
        .prefetch_related(Prefetch("lines", OrderLine.objects.only(*_READ)), "holds")
    )
    if not orders:
        return []
    earlier = _earlier(orders)
    usual = _usual(orders)
    history = _velocity(orders)
    holdings: list[Holding] = []
    for order in orders:
        facts = _facts(order, earlier.get(order.pk, ()), usual)
        settled = {
            (hold.type, hold.line_id, hold.data.get("code"))
            for hold in order.holds.all()
            if hold.state == "released"
        }
        found = [*validation.findings(facts), *_address(order)]
        verdict = _risk(order, history)
        order.risk_score = min(verdict.score, 32000)
        order.risk_reasons = [{"code": h.code, "points": h.points, "words": h.words} for h in verdict.hits]
        if verdict.band != risk.ACCEPT:
            words = f"Risk {verdict.score}: " + "; ".join(h.words for h in verdict.hits[:4])
            found.append(Finding("fraud_risk", Reason(verdict.band, words)))
        holdings += [Holding(order.pk, f) for f in found if (f.hold, f.line, f.reason.code) not in settled]
    write_columns(orders, "risk_score", "risk_reasons")
    place_holds(holdings, by=by)
    waiting = Order.objects.filter(pk__in=[o.pk for o in orders], state="received").prefetch_related("holds")
    move(waiting, "ask", by=by, words="Something has to be decided before it goes on.")
    go_on([o.pk for o in orders], by=by)
    reached("screened")
    return orders


def _facts(
    order: Order, earlier: Sequence[validation.Earlier], usual: dict[int, validation.Usual]
) -> validation.ScreenFacts:
    return validation.ScreenFacts(
        number=order.number, placed_at=order.placed_at, payment_status=order.payment_status,
        lines=[
            validation.LineFacts(
                key=line.pk, title=line.title, quantity=line.ordered - line.cancelled, mapped=line.item_id is not None,
                kind=line.kind, requires_shipping=line.requires_shipping, sku=line.sku,
                identity=line.item_id or line.sku, usual=usual.get(line.item_id or 0),
            )
            for line in order.lines.all()
        ],
        address=AddressDraft(**order.shipping_address), email=order.email, phone=order.phone,
        customer=str(order.channel_facts.get("customer") or ""), missing=order.channel_facts.get("missing") or (),
        test=bool(order.channel_facts.get("test")), earlier=earlier,
    )  # fmt: skip


def _address(order: Order) -> list[Finding]:
    """Only an address that is there and undeliverable; a missing one is told by the validation."""
    given = AddressDraft(**order.shipping_address)
    to_send = any(line.requires_shipping and line.ordered > line.cancelled for line in order.lines.all())
    if not to_send or not (given.line1 or given.line2) or not given.country:
        return []
    verdict = address.check(given)
    if verdict.verdict not in {address.INVALID, address.SUSPICIOUS}:
        return []
    words = "; ".join(p.reason.words for p in verdict.problems if p.verdict == verdict.verdict)
    return [Finding("address_invalid", Reason(f"address_{verdict.verdict}", f"The address: {words}"))]


def _risk(order: Order, history: dict[str, tuple[int, int, int]]) -> risk.Assessment:
    hour, day, old = history.get(order.email, (1, 1, 0))
    facts = order.channel_facts
    orders_before = facts.get("customer_orders")
    return risk.assess(
        risk.RiskFacts(
            email=order.email, channel_risk=facts.get("risk") or "", ip_country=facts.get("ip_country") or "",
            billing_country=order.billing_address.get("country", ""), shipping_country=order.country,
            first_order=None if orders_before is None else orders_before <= 1,
            orders_last_hour=hour, orders_last_day=day, paid_orders_older_than_60_days=old,
        )
    )  # fmt: skip


def _earlier(orders: Sequence[Order]) -> dict[int, list[validation.Earlier]]:
    """Other orders of the same mail within two hours before each: one statement for all."""
    mails = {order.email for order in orders if order.email}
    if not mails:
        return {}
    first = min(order.placed_at for order in orders) - timedelta(hours=2)
    last = max(order.placed_at for order in orders)
    near = list(
        Order.objects.filter(email__in=mails, placed_at__gte=first, placed_at__lte=last)
        .exclude(state="cancelled")
        .only("number", "placed_at", "email", "phone")
    )
    each = Counter(other.email for other in near)
    near = [
        other for other in near if each[other.email] > 1
    ]  # most are alone with their mail: nothing to compare
    prefetch_related_objects(near, Prefetch("lines", OrderLine.objects.only(*_READ)))
    by_mail: dict[str, list[tuple[int, validation.Earlier]]] = defaultdict(list)
    for other in near:
        lines = tuple((line.item_id or line.sku, line.ordered - line.cancelled) for line in other.lines.all())
        by_mail[other.email].append(
            (
                other.pk,
                validation.Earlier(other.number, other.placed_at, other.email, other.phone, lines=lines),
            )
        )
    return {
        order.pk: [told for pk, told in by_mail[order.email] if pk != order.pk]
        for order in orders
        if order.email
    }


def _usual(orders: Sequence[Order]) -> dict[int, validation.Usual]:
    """How much of each item an order usually takes, from its latest 200 lines."""
    items = sorted({line.item_id for order in orders for line in order.lines.all() if line.item_id})
    mine = [line.pk for order in orders for line in order.lines.all()]
    if not items:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT i.id, count(*), percentile_disc(0.95) WITHIN GROUP (ORDER BY l.ordered)
              FROM unnest(%s::bigint[]) AS i(id)
              JOIN LATERAL (SELECT ordered FROM orders_orderline
                             WHERE item_id = i.id AND id <> ALL (%s::bigint[]) ORDER BY id DESC LIMIT 200) l ON true
             GROUP BY i.id
            """,
            [items, mine],
        )
        return {pk: validation.Usual(seen, high) for pk, seen, high in cursor.fetchall()}


def _velocity(orders: Sequence[Order]) -> dict[str, tuple[int, int, int]]:
    """Per mail: orders placed within the hour and the day before its newest order here (itself included),
    and paid orders older than sixty days."""
    newest: dict[str, Order] = {}
    for order in orders:
        if order.email and (order.email not in newest or order.placed_at > newest[order.email].placed_at):
            newest[order.email] = order
    if not newest:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT n.email,
                   count(*) FILTER (WHERE o.placed_at > n.at - interval '1 hour' AND o.placed_at <= n.at),
                   count(*) FILTER (WHERE o.placed_at > n.at - interval '1 day' AND o.placed_at <= n.at),
                   count(*) FILTER (WHERE o.placed_at < n.at - interval '60 days' AND o.payment_status = 'paid')
              FROM unnest(%s::text[], %s::timestamptz[]) AS n(email, at)
              JOIN orders_order o ON o.email = n.email GROUP BY n.email
            """,
            [list(newest), [o.placed_at for o in newest.values()]],
        )
        return {row[0]: (row[1], row[2], row[3]) for row in cursor.fetchall()}
