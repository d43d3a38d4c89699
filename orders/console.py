"""What orders hangs into the console: its queues, the parts of the order page, today's figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from inventory.models import Item, Reservation
from oms.core.console import Figure, Finder, MenuEntry, Panel, People, Queue, register, shown
from oms.core.console.base import who
from oms.core.console.figures import daily
from oms.core.console.offers import attach
from oms.core.models import OutboundEffect
from oms.core.money import MixedCurrencies
from oms.core.personal import sees_people, telephone
from orders.actions.derive import facts_of
from orders.buttons import BUTTONS
from orders.models import TELEPHONE, Hold, Order, OrderLine, Refund, TaxRounding
from orders.querysets import people_of, reservations_of
from orders.rules.holds import HOLDS
from orders.rules.order_changes import hidden_side
from orders.rules.progress import COUNTER_WORDS, balance

TONES = {
    "cancelled": "calm",
    "unallocated": "warn",
    "backordered": "warn",
    "promised": "busy",
    "released": "busy",
    "picked": "busy",
    "packed": "busy",
    "shipped": "good",
    "delivered": "good",
    "returned": "warn",
}

# -- the order page


def _lines(request: Any, order: Order) -> Mapping[str, Any]:
    by_line: dict[Any, list[Reservation]] = defaultdict(list)
    for row in reservations_of(order):
        by_line[row.demand_key].append(row)
    lines = []
    for line in order.lines.all():
        lines.append(
            {
                "line": line,
                "item": line.item,
                "sku": line.item.sku if line.item else line.sku,
                "total": shown.money(line.net + line.tax, order.currency),
                "each": shown.money(line.unit_price, order.currency),
                "counters": [
                    (getattr(line, name), gettext(COUNTER_WORDS[name]), tone)
                    for name, tone in TONES.items()
                    if getattr(line, name)
                ],
                "reservations": by_line[line.demand_key],
                "holds": [h for h in order.holds.all() if h.line_id == line.pk and h.state == "active"],
                "discounts": [
                    (d["code"] or d["title"], shown.money(Decimal(d["amount"]), order.currency))
                    for d in order.discounts
                    if d["line"] == line.external_id
                ],
            }
        )
    attach(request.user, list(order.lines.all()))
    return {"lines": lines}


def _money(request: Any, order: Order) -> Mapping[str, Any]:
    lines, charges = list(order.lines.all()), list(order.charges.all())
    net, tax = sum((x.net for x in lines), Decimal(0)), sum((x.tax for x in lines), Decimal(0))
    both = order.shop_currency != order.currency

    def shop(amount: Decimal) -> str:
        return shown.money(amount, order.shop_currency) if both else ""

    rows = [
        (ngettext("%(n)s line", "%(n)s lines", len(lines)) % {"n": len(lines)}, shown.money(net, order.currency),
         shop(sum((x.shop_net for x in lines), Decimal(0))))
    ] + [
        (f"{shown.spoken(c.kind)} {c.title or c.code}".strip(), shown.money(c.net, order.currency), shop(c.shop_net))
        for c in charges
    ]  # fmt: skip
    taxes = tax + sum((c.tax for c in charges), Decimal(0))
    shop_taxes = sum([x.shop_tax for x in lines] + [x.shop_tax for x in charges], Decimal(0))
    rows.append((gettext("tax"), shown.money(taxes, order.currency), shop(shop_taxes)))
    summed = net + sum((c.net for c in charges), Decimal(0)) + taxes
    refunds = list(order.refunds.all())
    attach(request.user, refunds)
    given: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one in order.discounts:
        given[one["code"], one["title"]] += Decimal(one["amount"])
    return {
        "discounts": [(code, title, shown.money(amount, order.currency) if amount else "") for (code, title), amount in given.items()],
        "included": order.prices_include_tax, "rounded": _rounded(order), "sums": _sums(order), "rows": rows, "both": both, "total": shown.money(order.total, order.currency),
        "shop_total": shop(order.shop_total), "off": order.total - summed,
        "off_words": shown.money(order.total - summed, order.currency),
        "transactions": order.transactions.all(), "refunds": refunds,
    }  # fmt: skip


def _rounded(order: Order) -> str:
    """By which rule its taxes were rounded, as far as anybody told."""
    digits = order.tax_decimals
    if order.tax_rounding == TaxRounding.LINE:
        if digits is None:
            return gettext("The shop rounds tax on each line.")
        return ngettext(
            "The shop rounds tax on each line, to %(n)s digit.", "The shop rounds tax on each line, to %(n)s digits.", digits
        ) % {"n": digits}  # fmt: skip
    if order.tax_rounding == TaxRounding.ORDER:
        if digits is None:
            return gettext("The shop rounds tax once on the whole order.")
        return ngettext(
            "The shop rounds tax once on the whole order, to %(n)s digit.",
            "The shop rounds tax once on the whole order, to %(n)s digits.", digits,
        ) % {"n": digits}  # fmt: skip
    return gettext("Taxes are as the shop rounded them; it does not tell by which rule.")


def _sums(order: Order) -> list[tuple[str, str, str]]:
    """What the payments come to: words, amount, tone. Empty where nobody can say, which is held then."""
    try:
        sums = balance(facts_of(order))
    except MixedCurrencies:
        return []
    owed = max(Decimal(0), order.total - sums.paid)
    told = [
        (gettext("authorised"), sums.authorised, ""), (gettext("taken"), sums.captured, ""), (gettext("paid back"), sums.refunded, ""),
        (gettext("on its way back"), sums.pending_refunds, ""), (gettext("disputed by the bank"), sums.disputed, "bad"),
        (gettext("taken back by the bank"), sums.charged_back, "bad"), (gettext("we have"), sums.paid, ""),
        (gettext("still to be paid"), owed if order.state != "cancelled" else Decimal(0), "warn"),
    ]  # fmt: skip
    return [(words, shown.money(amount, order.currency), tone) for words, amount, tone in told if amount]


def _holds(request: Any, order: Order) -> Mapping[str, Any] | None:
    holds = list(order.holds.all())
    if not holds:
        return None
    active = [h for h in holds if h.state == "active"]
    attach(request.user, active)
    for hold in holds:
        hold.placer, hold.ender = who(hold.placed_by), who(hold.ended_by) if hold.ended_by else ""  # type: ignore[attr-defined]
    for hold in active:
        hold.mend = gettext(HOLDS[hold.type].mend) if hold.type in HOLDS else ""  # type: ignore[attr-defined]
    return {"active": active, "ended": [h for h in holds if h.state != "active"]}


def _changes(request: Any, order: Order) -> Mapping[str, Any] | None:
    changes = list(order.changes.all())
    if not changes:
        return None
    attach(request.user, [c for c in changes if c.state == "proposed"])
    full = sees_people(request.user)
    titles = {line.external_id: line.title for line in order.lines.all()}
    for change in changes:
        sides = (change.ours, change.theirs.get("by", {}))
        ours, theirs = sides if full else (hidden_side(change.kind, side) for side in sides)
        change.sides = [  # type: ignore[attr-defined]
            (titles.get(key) or shown.spoken(change.kind), _plain(ours.get(key)), _plain(theirs.get(key)))
            for key in dict.fromkeys([*ours, *theirs])
        ]
    return {"changes": sorted(changes, key=lambda c: (c.state != "proposed", -c.pk))}


def _plain(value: Any) -> str:
    if value is None or value == "":
        return shown.NOTHING
    return shown.pretty(value) if isinstance(value, dict | list) else str(value)


def _customer(request: Any, order: Order) -> Mapping[str, Any]:
    full = sees_people(request.user)
    address = order.shipping_address or {}
    parts = ["company", "line1", "line2", "postcode", "city", "region", "country"]
    public = {"city", "region", "country"}
    lines = [address.get(p, "") if full or p in public else shown.hidden(address.get(p, "")) for p in parts]
    see: Callable[[str], str] = (lambda text: text) if full else shown.hidden
    return {
        "name": see(address.get("name") or order.customer_name), "address": [line for line in lines if line],
        "email": see(order.email), "phone": see(order.phone or address.get("phone", "")), "full": full,
        "note": order.veil(order.note),  # type: ignore[attr-defined]
    }  # fmt: skip


def _messages(request: Any, order: Order) -> Mapping[str, Any] | None:
    effects = list(OutboundEffect.objects.filter(thread=f"order:{order.pk}").order_by("-id")[:50])
    if not effects:
        return None
    attach(request.user, effects)
    return {"effects": effects}


def _notes(request: Any, order: Order) -> Mapping[str, Any] | None:
    notes = [(note, who(note.author)) for note in order.notes.all()]
    files = list(order.files.all())
    attach(request.user, files)
    told = [(file, who(file.added_by)) for file in files]
    return {"notes": notes, "files": told, "full": sees_people(request.user)} if notes or told else None


def _item_orders(request: Any, item: Item) -> Mapping[str, Any]:
    rows = OrderLine.objects.filter(item=item).select_related("order").order_by("-id")[:15]
    return {"lines": list(rows)}


# -- queues


def _held(kind: str) -> Queue:
    hold = HOLDS[kind]

    def holds() -> Any:
        return Hold.objects.filter(type=kind, state="active")

    return Queue(
        f"held-{kind.replace('_', '-')}", capfirst(_(hold.words)),
        "Cannot be promised" if kind == "unmapped_sku" else "To decide", "orders.hold", holds, "placed_at",
        "orders.map_line" if kind == "unmapped_sku" else f"orders.{hold.permission}",
        _("None."), format_lazy(_("What mends it: {mend}."), mend=_(hold.mend)), rank=10 + 10 * list(HOLDS).index(kind),
    )  # fmt: skip


def _waiting_orders() -> Any:
    return Order.objects.filter(
        state__in=["received", "review", "open"],
        pk__in=OrderLine.objects.filter(backordered__gt=0).values("order_id"),
    )


def _refunds(*states: str) -> Callable[[], Any]:
    # The condition of the partial index is named as it stands there, so that it is used.
    return lambda: Refund.objects.exclude(state__in=["succeeded", "cancelled"]).filter(state__in=states)


def _named(text: str) -> Q:
    if "@" in text:
        return Q(email=text.lower())
    bare = text.lstrip("#")
    return Q(number__startswith=text.upper()) | Q(external_number__in={text, bare, f"#{bare}"})


def _find(text: str, where: Q | None = None) -> Any:
    found = Order.objects.alias(telephone=TELEPHONE).filter(where or _named(text))
    return found.order_by("-placed_at", "-id")


def _find_person(text: str) -> Any:
    digits = telephone(text)
    return _find(text, _named(text) | Q(telephone=digits) if digits else None)


def _exact(text: str) -> Any:
    return Order.objects.filter(number=text.upper())


register(
    *BUTTONS,
    People("order", people_of),
    *(_held(kind) for kind in HOLDS if kind not in ("out_of_stock", "scheduled_until")),
    Queue("backordered", _("Promised, but not in stock"), "Cannot be promised", "orders.order", _waiting_orders,
          "placed_at", "orders.cancel_order", _("Everything promised is in stock."),
          _("They are served by themselves when stock arrives, oldest promise first."), rank=20),
    Queue("refunds-failed", _("Refunds that failed"), "Coming back", "orders.refund", _refunds("failed"), "created_at",
          "orders.issue_refund", _("Every refund went through."), _("The money did not go back; look why, then try again."),
          rank=30),
    Panel("lines", _("Lines"), "orders.order", "orders/lines.html", _lines, order=10),
    Panel("changes", _("Changed at the shop"), "orders.order", "orders/changes.html", _changes, order=5),
    Panel("holds", _("Holds"), "orders.order", "orders/holds.html", _holds, order=7),
    Panel("money", _("Money"), "orders.order", "orders/money.html", _money, order=50),
    Panel("messages", _("Messages to the shop and the carrier"), "orders.order", "orders/messages.html", _messages,
          order=80),
    Panel("notes", _("Notes and files"), "orders.order", "orders/notes.html", _notes, order=85),
    Panel("customer", _("Customer"), "orders.order", "orders/customer.html", _customer, order=10, side=True),
    Panel("orders", _("Latest orders of it"), "inventory.item", "orders/of_item.html", _item_orders, order=50,
          permission="orders.view_order"),
    Finder("orders.order", _("Orders"), "orders.view_order", find=_find, of_person=_find_person, exact=_exact, rank=10),
    Figure("orders-in", _("Orders in"), "orders.view_order",
           daily(lambda: Order.objects.all(), "placed_at", "admin:orders_order_changelist"), rank=10),
    MenuEntry("Orders", _("Orders"), "shopping_bag", "admin:orders_order_changelist", "orders.view_order", 10),
    MenuEntry("Orders", _("Holds"), "front_hand", "admin:orders_hold_changelist", "orders.view_hold", 20),
    MenuEntry("Orders", _("Refunds"), "currency_exchange", "admin:orders_refund_changelist", "orders.view_refund", 30),
    MenuEntry("Orders", _("Changes at the shop"), "difference", "admin:orders_orderchange_changelist",
              "orders.view_orderchange", 40),
)  # fmt: skip
