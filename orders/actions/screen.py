"""Look at new orders before anybody works on them: hold what looks wrong, let the rest go on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from oms.core.actors import SYSTEM, Actor
from oms.core.columns import write_columns
from oms.core.errors import Reason
from oms.core.lifecycle import move
from oms.core.steps import reached
from orders.actions.go_on import go_on
from orders.actions.place_holds import Holding, place_holds
from orders.drafts import AddressDraft
from orders.models import Hold, Order, OrderLine
from orders.rules import address, risk, validation
from orders.rules.holds import Finding

# What the checks look at: an order has forty columns, and may have a thousand lines.
_OF_ORDER = ("number", "state", "placed_at", "payment_status", "shipping_address", "billing_address", "email", "phone",
             "country", "channel_facts", "source", "shop_total", "risk_score", "risk_reasons")  # fmt: skip
_OF_LINE = ("order_id", "pk", "title", "ordered", "cancelled", "item_id", "kind", "requires_shipping", "sku")


@transaction.atomic
def screen_orders(order_ids: Iterable[int], *, by: Actor = SYSTEM) -> None:
    """Run the checks for a batch of orders: what the channel left out, unknown items, address, payment,
    duplicates, slips, risk. Each finding is a hold; orders without one that needs a decision are opened.

    What a person has released once is not held again for the same reason. Finished orders are left alone.
    """
    orders = list(
        Order.objects.filter(pk__among=list(order_ids), state__in=["received", "review", "open"])
        .select_for_update(of=("self",))
        .order_by("pk")
        .only(*_OF_ORDER)
    )
    if not orders:
        return
    ids = [order.pk for order in orders]
    lines = _lines(ids)
    earlier = _earlier(orders)
    history = _velocity(orders)
    dear = _dear(orders)
    settled = _settled(ids)
    holdings: list[Holding] = []
    assessed: list[Order] = []
    for order in orders:
        facts = _facts(order, lines[order.pk], earlier.get(order.pk, ()))
        found = [*validation.findings(facts), *_address(facts)]
        verdict = _risk(order, history, dear)
        score, reasons = min(verdict.score, 32000), [vars(hit) for hit in verdict.hits]
        if (order.risk_score, order.risk_reasons) != (score, reasons):
            order.risk_score, order.risk_reasons = score, reasons
            assessed.append(order)
        if verdict.band != risk.ACCEPT:
            words = f"Risk {verdict.score}: " + "; ".join(h.words for h in verdict.hits[:4])
            found.append(Finding("fraud_risk", Reason(verdict.band, words)))
        holdings += [
            Holding(order.pk, f) for f in found if (order.pk, f.hold, f.line, f.reason.code) not in settled
        ]
    write_columns(assessed, "risk_score", "risk_reasons")
    place_holds(holdings, by=by)
    to_decide = Hold.objects.filter(order=OuterRef("pk"), state="active", reviews=True)
    waiting = Order.objects.filter(Exists(to_decide), pk__among=ids, state="received")
    move(
        waiting.only("state").prefetch_related("holds"), "ask", by=by,
        words="Something has to be decided before it goes on.",
    )  # fmt: skip
    go_on(ids, by=by)
    reached("screened")


def _lines(order_ids: Sequence[int]) -> dict[int, list[validation.LineFacts]]:
    """What the checks must know of each order's lines."""
    rows = list(OrderLine.objects.filter(order_id__among=order_ids).order_by("pk").values_list(*_OF_LINE))
    usual = _usual({row[5] for row in rows if row[5]}, [row[1] for row in rows])
    found: dict[int, list[validation.LineFacts]] = {pk: [] for pk in order_ids}
    for order_id, pk, title, ordered, cancelled, item_id, kind, requires_shipping, sku in rows:
        found[order_id].append(
            validation.LineFacts(
                pk, title, ordered - cancelled, item_id is not None, kind, requires_shipping, sku, item_id or sku,
                usual.get(item_id),
            )
        )  # fmt: skip
    return found


def _settled(order_ids: Sequence[int]) -> set[tuple[int, str, int | None, str | None]]:
    """What a person has released before: order, type of hold, line, code of the reason."""
    released = Hold.objects.filter(order_id__among=order_ids, state="released")
    return set(released.values_list("order_id", "type", "line_id", "data__code"))


def _facts(
    order: Order, lines: Sequence[validation.LineFacts], earlier: Sequence[validation.Earlier]
) -> validation.ScreenFacts:
    return validation.ScreenFacts(
        number=order.number, placed_at=order.placed_at, payment_status=order.payment_status, lines=lines,
        address=AddressDraft(**order.shipping_address), email=order.email, phone=order.phone,
        customer=str(order.channel_facts.get("customer") or ""), missing=order.channel_facts.get("missing") or (),
        test=bool(order.channel_facts.get("test")), earlier=() if order.channel_facts.get("repeats") else earlier,
    )  # fmt: skip


def _address(facts: validation.ScreenFacts) -> list[Finding]:
    """Only an address that is there and undeliverable; a missing one is told by the validation."""
    given = facts.address
    to_send = any(line.requires_shipping and line.quantity > 0 for line in facts.lines)
    if not to_send or not (given.line1 or given.line2) or not given.country:
        return []
    verdict = address.check(given)
    if verdict.verdict not in {address.INVALID, address.SUSPICIOUS}:
        return []
    words = "; ".join(p.reason.words for p in verdict.problems if p.verdict == verdict.verdict)
    return [Finding("address_invalid", Reason(f"address_{verdict.verdict}", f"The address: {words}"))]


def _risk(
    order: Order, history: dict[str, tuple[int, int, int]], dear: dict[str, Decimal]
) -> risk.Assessment:
    hour, day, old = history.get(order.email, (1, 1, 0))
    facts = order.channel_facts
    return risk.assess(
        risk.RiskFacts(
            email=order.email, channel_risk=facts.get("risk") or "",
            billing_country=order.billing_address.get("country", ""), shipping_country=order.country,
            first_order=_first(order), high_value=order.shop_total > dear[order.source] if order.source in dear else None,
            orders_last_hour=hour, orders_last_day=day, paid_orders_older_than_60_days=old,
        )
    )  # fmt: skip


def _first(order: Order) -> bool | None:
    """The customer's first order there, where the shop tells."""
    orders = order.channel_facts.get("customer_orders")
    return None if orders is None else orders <= 1


def _dear(orders: Sequence[Order]) -> dict[str, Decimal]:
    """By source what 99 of 100 of its latest thousand orders stay under, in the shop's currency, where there are a
    hundred to judge by. Asked only where a rule looks at it."""
    sources = {order.source for order in orders if _first(order) and risk.free_mail(order.email)}
    if not sources:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT source, percentile_disc(0.99) WITHIN GROUP (ORDER BY shop_total)
              FROM (SELECT source, shop_total FROM orders_order WHERE id <> ALL (%s::bigint[])
                     ORDER BY placed_at DESC, id DESC LIMIT 1000) latest
             WHERE source = ANY (%s) GROUP BY source HAVING count(*) >= 100
            """,
            [[order.pk for order in orders], sorted(sources)],
        )
        return dict(cursor.fetchall())


def _earlier(orders: Sequence[Order]) -> dict[int, list[validation.Earlier]]:
    """Other orders of the same mail within two hours before each: one statement for all. Not of the same telephone:
    many a marketplace gives the same one with every order, which would then be compared with all others."""
    mails = {order.email for order in orders if order.email}
    if not mails:
        return {}
    first = min(order.placed_at for order in orders) - timedelta(hours=2)
    last = max(order.placed_at for order in orders)
    near = list(
        Order.objects.filter(email__among=mails, placed_at__gte=first, placed_at__lte=last)
        .exclude(state="cancelled")
        .values_list("pk", "number", "placed_at", "email", "phone")
    )
    each = Counter(email for *_, email, _ in near)
    # Most are alone with their mail: nothing to compare.
    near = [row for row in near if each[row[3]] > 1]
    units: dict[int, list[tuple[int | str, int]]] = defaultdict(list)
    if near:
        rows = OrderLine.objects.filter(order_id__among=[row[0] for row in near]).order_by("pk")
        for order_id, item_id, sku, ordered, cancelled in rows.values_list(
            "order_id", "item_id", "sku", "ordered", "cancelled"
        ):
            units[order_id].append((item_id or sku, ordered - cancelled))
    by_mail: dict[str, list[tuple[int, validation.Earlier]]] = defaultdict(list)
    for pk, number, placed_at, email, phone in near:
        by_mail[email].append(
            (pk, validation.Earlier(number, placed_at, email, phone, lines=tuple(units[pk])))
        )
    return {
        order.pk: [told for pk, told in by_mail[order.email] if pk != order.pk]
        for order in orders
        if order.email
    }


def _usual(items: Collection[int], mine: list[int]) -> dict[int | None, validation.Usual]:
    """How much of each item an order usually takes, from its latest 200 lines but ``mine``."""
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
            [sorted(items), mine],
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
