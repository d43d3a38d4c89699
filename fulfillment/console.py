"""What fulfillment hangs into the console: work queues, and its parts of the order page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import CharField, Exists, F, Min, OuterRef, Q, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fulfillment.actions.declare_customs import why_not_declare
from fulfillment.buttons import BUTTONS
from fulfillment.buttons.papers import PAPERS, attach_papers
from fulfillment.dock.shared import TILES, Tile
from fulfillment.models import (
    CarrierAccount,
    FulfillmentLine,
    FulfillmentOrder,
    Label,
    Manifest,
    ManifestParcel,
    ParcelLine,
    Reshipment,
    RoutingDecision,
    Shipment,
)
from fulfillment.reasons import all_reasons
from fulfillment.rules.customs import UNIONS
from fulfillment.rules.offers import choose, restored
from fulfillment.rules.short_pick import ALONG, ShortReason
from oms.core.console import (
    Figure,
    Finder,
    FirstStep,
    MenuEntry,
    Panel,
    People,
    Queue,
    Related,
    Teller,
    register,
    shown,
)
from oms.core.console.figures import daily, standing
from oms.core.console.offers import attach
from oms.core.errors import KEY_REASONS
from oms.core.links import tracking_link
from oms.core.money import to_minor
from oms.core.personal import SEES
from orders.models import Hold, Order, OrderLine, Refund
from orders.querysets import people_of
from orders.rules.progress import Obstacle

WORK = "admin:fulfillment_fulfillmentorder_changelist"
NO_SCAN = timedelta(days=3)
SOON = timedelta(hours=3)
SHORT_FOR = timedelta(days=60)
OPEN = ("released", "picking", "picked", "packed")


def work_of(order: Order) -> list[FulfillmentOrder]:
    """The order's work with lines, parcels and labels; read once for an order that is at hand."""
    kept: list[FulfillmentOrder] | None = getattr(order, "_work", None)
    if kept is None:
        kept = list(
            FulfillmentOrder.objects.filter(order=order)
            .select_related("location")
            .prefetch_related(
                "lines__item",
                "shipments__lines__line__item",
                "shipments__lines__line__order_line",
                "shipments__scans",
                "shipments__reshipments__order",
            )
            .order_by("id")
        )
        labels: dict[int, list[Label]] = {}
        parcels = [p for work in kept for p in work.shipments.all()]
        for label in (
            Label.objects.filter(shipment__in=parcels).defer("document").order_by("id") if parcels else ()
        ):
            labels.setdefault(label.shipment_id, []).append(label)
        for work in kept:
            work.order = order
            for parcel in work.shipments.all():
                parcel.known_labels = labels.get(parcel.pk, [])  # type: ignore[attr-defined]
        order._work = kept  # type: ignore[attr-defined]
    return kept


def decision_of(order: Order) -> RoutingDecision | None:
    if not hasattr(order, "_decision"):
        order._decision = RoutingDecision.objects.filter(order=order).defer("inputs").order_by("-id").first()  # type: ignore[attr-defined]
    return order._decision  # type: ignore[attr-defined]


def _tell(order: Order) -> Mapping[str, Any]:
    work = work_of(order)
    obstacles = []
    for fo in work:
        for parcel in fo.shipments.all():
            failed = [label for label in parcel.known_labels if label.state == "failed"]  # type: ignore[attr-defined]
            if parcel.state == "draft" and failed and failed[-1] is parcel.known_labels[-1]:  # type: ignore[attr-defined]
                words = gettext("no label for a parcel of %(number)s: %(failure)s") % {
                    "number": fo.number,
                    "failure": failed[-1].failure,
                }
                obstacles.append(Obstacle("shipped", words, failed[-1].created_at,
                                          gettext("buy it again, or type a tracking number")))  # fmt: skip
            wanting = why_not_declare(parcel) if parcel.state == "draft" else []
            if wanting:
                words = gettext("a parcel of %(number)s: %(rstrip)s") % {
                    "number": fo.number,
                    "rstrip": wanting[0].words.rstrip("."),
                }
                obstacles.append(
                    Obstacle("shipped", words, parcel.created_at, gettext("enter it, then buy the label"))
                )
            settled = any(r.order.state != "cancelled" for r in parcel.reshipments.all())
            if parcel.state in ("exception", "lost", "returned_to_sender") and not settled:
                words = f"{parcel}: {parcel.get_state_display()}"
                since = parcel.last_scan_at or parcel.shipped_at or parcel.created_at
                obstacles.append(Obstacle("delivered", words, since, gettext("send it again, or pay back")))
    return {"obstacles": obstacles}


def _work(request: Any, order: Order) -> Mapping[str, Any] | None:
    work = work_of(order)
    if not work:
        return None
    attach(request.user, work)
    parcels = [parcel for fo in work for parcel in fo.shipments.all()]
    attach(request.user, parcels)
    attach_papers(request.user, work)
    attach_papers(request.user, parcels)
    return {"all_work": [{"work": fo, "parcels": fo.shipments.all()} for fo in work]}


def _tracking_link(request: Any, order: Order) -> Mapping[str, Any]:
    return {"link": tracking_link(order.number)}


def _open_work(order: Order) -> Sequence[FulfillmentOrder]:
    return [fo for fo in work_of(order) if fo.state in OPEN]


def _why(request: Any, order: Order) -> Mapping[str, Any] | None:
    decision = decision_of(order)
    return _told(decision) if decision else None


def _told(decision: RoutingDecision) -> Mapping[str, Any]:
    def words(amount: Decimal | None) -> str:
        # A reckoned cost, not a charge: it is finer than a penny.
        return shown.money(amount and to_minor(amount, decision.currency), decision.currency)

    cost, more = words(decision.cost), None
    if decision.cost is not None and decision.next_cost is not None:
        more = words(decision.next_cost - decision.cost)
    return {
        "decision": decision, "cost": cost, "more": more,
        "candidates": [c if isinstance(c, dict) else {"words": str(c)} for c in decision.candidates],
        "gap": f"{decision.gap:.1%}" if decision.gap else "",
    }  # fmt: skip


def _work_lines(request: Any, work: FulfillmentOrder) -> Mapping[str, Any]:
    lines = list(work.lines.all())
    reasons = all_reasons() if any(line.short_reason for line in lines) else {}
    return {"work": work, "lines": [(line, _said(line.short_reason, reasons)) for line in lines]}


def _said(code: str, reasons: Mapping[str, ShortReason]) -> str:
    """Why pieces are missing, in words."""
    known = ALONG if code == ALONG.code else reasons.get(code)
    return gettext(known.words) if known else shown.spoken(code)


def _work_parcels(request: Any, work: FulfillmentOrder) -> Mapping[str, Any]:
    parcels = list(work.shipments.prefetch_related("lines__line__item", "scans"))
    labels: dict[int, list[Label]] = {}
    for label in Label.objects.filter(shipment__fulfillment_order=work).defer("document").order_by("id"):
        labels.setdefault(label.shipment_id, []).append(label)
    for parcel in parcels:
        parcel.known_labels = labels.get(parcel.pk, [])  # type: ignore[attr-defined]
    attach(request.user, parcels)
    attach_papers(request.user, parcels)
    return {"parcels": parcels}


def _again(request: Any, order: Order) -> Mapping[str, Any] | None:
    """Both ends of what was sent again: what this order stands in for, and which orders stand in for it."""
    stands = (
        Reshipment.objects.filter(order=order).select_related("shipment__fulfillment_order__order").first()
    )
    theirs = list(
        Reshipment.objects.filter(shipment__fulfillment_order__order=order)
        .select_related("order", "shipment__fulfillment_order")
        .order_by("pk")
    )
    return {"stands": stands, "theirs": theirs} if stands or theirs else None


def _scans(request: Any, parcel: Shipment) -> Mapping[str, Any]:
    labels = list(parcel.labels.defer("document").order_by("-id"))
    live = next((label for label in labels if label.quotes), None)
    offers = [restored(kept) for kept in (live.quotes if live else parcel.quotes)]
    best = choose(offers, shipping_method=parcel.fulfillment_order.order.shipping_method)
    return {
        "offers": offers,
        "best": best.offer if best else None,
        "offered_at": live.created_at if live else parcel.quoted_at,
        "problems": live.quote_problems if live else parcel.quote_problems,
        "scans": list(parcel.scans.order_by("-at")[:100]),
        "lines": list(parcel.lines.select_related("line__item")),
        "labels": labels,
        "parcel": parcel,
    }


def _manifest(request: Any, manifest: Manifest) -> Mapping[str, Any]:
    parts = manifest.parcels.select_related("shipment__fulfillment_order__order").order_by("pk")
    return {"manifest": manifest, "parts": list(parts[:500])}


def _people_of_manifests(ids: Sequence[int]) -> Mapping[int, list[str]]:
    """The customers whose parcels stand on each."""
    parts = ManifestParcel.objects.filter(manifest__in=ids)
    pairs = list(parts.values_list("manifest_id", "shipment__fulfillment_order__order_id"))
    people, found = people_of([order for _, order in pairs]), dict[int, list[str]]()
    for manifest, order in pairs:
        found.setdefault(manifest, []).extend(people.get(order, ()))
    return found


# -- queues, each within its partial index


def _day_end() -> datetime:
    return timezone.localtime().replace(hour=23, minute=59, second=59, microsecond=999999)


def _open(**where: Any) -> Any:
    return FulfillmentOrder.objects.filter(state__in=OPEN, **where)


def _underway() -> Any:
    return Shipment.objects.filter(state__in=["labelled", "in_transit", "out_for_delivery", "exception"])


def _silent_parcels() -> Any:
    return _underway().filter(shipped_at__isnull=False).annotate(
        heard=Coalesce(F("last_scan_at"), F("shipped_at"))
    ).filter(heard__lt=timezone.now() - NO_SCAN)  # fmt: skip


def _unrouted() -> Any:
    """Open orders with promised units, nothing that stops them, and no work: routing found no way."""
    promised = OrderLine.objects.filter(promised__gt=0).values("order_id")
    held = Hold.objects.filter(order=OuterRef("pk"), state="active", blocks__contains="release")
    return Order.objects.filter(
        ~Exists(held), state="open", pk__in=promised,
        received_at__lt=timezone.now() - timedelta(minutes=10),
    )  # fmt: skip


def _unlabelled() -> Any:
    failed = Label.objects.filter(
        shipment__fulfillment_order=OuterRef("pk"), shipment__state="draft", state="failed"
    )
    return _open(state="packed").filter(Exists(failed)) | _open(state="picked").filter(Exists(failed))


def _at_risk() -> Any:
    now = timezone.now()
    return _open(due_at__gte=now, due_at__lt=now + SOON).exclude(state="packed")


def _short() -> Any:
    """Units that a picker did not find and that have no other way yet: not promised elsewhere, or promised and not
    routed. What waits longer than two months is a backorder like others, and in their queue."""
    lost = Q(order_line__unallocated__gt=0) | Q(order_line__backordered__gt=0) | Q(order_line__promised__gt=0)
    return FulfillmentLine.objects.filter(
        lost, short__gt=0, short_at__gt=timezone.now() - SHORT_FOR, fulfillment_order__order__state="open",
    )  # fmt: skip


def _short_orders() -> Any:
    return Order.objects.filter(pk__in=_short().values("fulfillment_order__order_id"))


def _short_since() -> Any:
    """The same, one row an order, with when the first of it was missed."""
    return _short().order_by().values("fulfillment_order__order_id").annotate(since=Min("short_at"))


def _keyless() -> Any:
    failing = CarrierAccount.objects.filter(active=True, failing_since__isnull=False)
    return failing.filter(last_reason__in=KEY_REASONS)


def _undeclared() -> Any:
    """Packed work over a customs border with an item in it that lacks what customs want. Northern Ireland, which
    has no border to the Union, is passed over by the postcode as in ``rules/customs.py``."""
    bare = ParcelLine.objects.filter(
        Q(line__item__hs_code="") | Q(line__item__origin_country="") | Q(line__item__weight_g=0),
        shipment__fulfillment_order=OuterRef("pk"), shipment__state="draft",
    )  # fmt: skip
    within = Q(location__country=F("order__country"))
    for union in UNIONS:
        within |= Q(location__country__in=union, order__country__in=union)
    within |= Q(location__country="GB", location__postcode__istartswith="BT", order__country__in=UNIONS[0])
    within |= Q(order__country="GB", order__shipping_address__postcode__istartswith="BT",
                location__country__in=UNIONS[0])  # fmt: skip
    return _open(state="packed").exclude(within).filter(Exists(bare))


def _rejected() -> Any:
    """Work that its location sent back, while something of its order is in nobody's hands."""
    idle = OrderLine.objects.filter(
        Q(promised__gt=0) | Q(backordered__gt=0) | Q(unallocated__gt=0),
        fulfillment_lines__fulfillment_order=OuterRef("pk"),
    )
    return FulfillmentOrder.objects.filter(Exists(idle), state="rejected", order__state="open")


def _unlisted() -> Any:
    """Parcels not scanned yet that stand on no manifest that counts."""
    live = ManifestParcel.objects.filter(shipment=OuterRef("pk"), dropped=False)
    return Shipment.objects.filter(~Exists(live), state="labelled").values("pk")


def _troubled(state: str) -> Any:
    # A parcel is off the list when its order is settled, or when it was paid back or sent again itself.
    cause = Concat(Value("parcel:"), Cast(OuterRef("pk"), CharField()))
    paid = Refund.objects.filter(
        Q(cause=cause) | Q(cause__startswith=Concat(cause, Value(":"))),
        order=OuterRef("fulfillment_order__order"),
    ).exclude(state="cancelled")
    again = Reshipment.objects.filter(shipment=OuterRef("pk")).exclude(order__state="cancelled")
    return Shipment.objects.filter(
        ~Exists(paid), ~Exists(again), state=state, fulfillment_order__order__state="open"
    )


def _find_parcel(text: str) -> Any:
    return Shipment.objects.filter(tracking_number__in={text, text.upper()}).order_by("-id")


TILES.append(
    Tile(_("Receive goods"), _("A delivery has arrived."), "dock:receive", "inventory.receive_goods")
)

register(
    *BUTTONS,
    FirstStep("carrier", _("Connect a carrier"),
              _("For labels and tracking. Without one, type tracking numbers: the first parcel sent off ticks this."),
              "fulfillment.add_carrieraccount",
              lambda: [CarrierAccount.objects.filter(active=True), Shipment.objects.filter(shipped_at__isnull=False)],
              "admin:fulfillment_carrieraccount_add", rank=50),
    *PAPERS,
    People("manifest", _people_of_manifests),
    Related("orders.order", "fulfillment.fulfillmentorder", _open_work),
    Teller("orders.order", _tell),
    Panel("tracking-link", _("Tracking page"), "orders.order", "fulfillment/tracking_link.html", _tracking_link, order=15,
          side=True, permission=SEES),
    Panel("why", _("Where it comes from, and why"), "orders.order", "fulfillment/why.html", _why, order=20),
    Panel("work", _("Work and parcels"), "orders.order", "fulfillment/work.html", _work, order=15),
    Panel("again", _("Sent again"), "orders.order", "fulfillment/again.html", _again, order=12),
    Panel("lines", _("To pick"), "fulfillment.fulfillmentorder", "fulfillment/lines.html", _work_lines, order=10),
    Panel("parcels", _("Parcels"), "fulfillment.fulfillmentorder", "fulfillment/parcels.html", _work_parcels, order=20),
    Panel("scans", _("On its way"), "fulfillment.shipment", "fulfillment/scans.html", _scans, order=10),
    Panel("parcels", _("Parcels"), "fulfillment.manifest", "fulfillment/manifest.html", _manifest, order=10),
    Panel("why", _("The decision"), "fulfillment.routingdecision", "fulfillment/why.html",
          lambda request, decision: _told(decision), order=10),
    Queue("unrouted", _("No place found to send it from"), "Cannot be promised", "orders.order", _unrouted, "placed_at",
          "fulfillment.route_order", _("Every order found its place."), _("Promised, not held, and still no work."), rank=200),
    Queue("late", _("Late"), "Ship today", "fulfillment.fulfillmentorder", lambda: _open(due_at__lt=timezone.now()),
          "due_at", "fulfillment.ship_fulfillmentorder", _("Nothing is late."), _("Past the time it should have left."),
          rank=10),
    Queue("at-risk", _("Due soon and not packed"), "Ship today", "fulfillment.fulfillmentorder", _at_risk, "due_at",
          "fulfillment.ship_fulfillmentorder", _("Nothing is in danger of being late."),
          _("Less than three hours are left: pick and pack these first."), rank=15),
    Queue("due-today", _("Due today"), "Ship today", "fulfillment.fulfillmentorder",
          lambda: _open(due_at__gte=timezone.now(), due_at__lte=_day_end()), "due_at",
          "fulfillment.ship_fulfillmentorder", _("Nothing more is due today."), rank=20),
    Queue("to-pick", _("To pick"), "Ship today", "fulfillment.fulfillmentorder",
          lambda: _open().filter(state__in=["released", "picking"]), "created_at",
          "fulfillment.pick_fulfillmentorder", _("All picked."), rank=40),
    Queue("to-pack", _("To pack"), "Ship today", "fulfillment.fulfillmentorder", lambda: _open(state="picked"),
          "created_at", "fulfillment.pack_fulfillmentorder", _("All packed."), rank=50),
    Queue("to-ship", _("Packed, to be sent off"), "Ship today", "fulfillment.fulfillmentorder",
          lambda: _open(state="packed"), "created_at", "fulfillment.ship_fulfillmentorder", _("All sent off."), rank=60),
    Queue("no-label", _("Labels that could not be bought"), "Ship today", "fulfillment.fulfillmentorder", _unlabelled,
          "created_at", "fulfillment.buy_label", _("Every parcel got its label."), rank=70),
    Queue("short-picks", _("Not found when picking"), "Ship today", "orders.order", _short_orders, "since",
          "fulfillment.route_order", _("Everything that was missed has found another way."),
          _("Pieces that were not on the shelf, and no other place has them yet."), counted=_short_since, rank=80),
    Queue("carrier-keys", _("Carriers that refuse our keys"), "Channels", "fulfillment.carrieraccount", _keyless,
          "failing_since", "fulfillment.change_carrieraccount", _("Every carrier takes our keys."),
          _("No labels and no tracking until new keys are entered."), rank=16),
    Queue("rejected", _("Sent back by the location"), "Cannot be promised", "fulfillment.fulfillmentorder", _rejected,
          "rejected_at", "fulfillment.route_order", _("Nothing was sent back that is not sent from elsewhere."),
          _("No other place has it: route again to ask the same place once more."), rank=210),
    Queue("no-customs", _("Cannot go through customs yet"), "Ship today", "fulfillment.fulfillmentorder", _undeclared,
          "created_at", "fulfillment.buy_label", _("Every parcel can be declared."),
          _("An item lacks its HS code, where it was made, or its weight: enter it at the item."), rank=75),
    Queue("manifest-failed", _("End of day: the carrier refused its list"), "Ship today", "fulfillment.manifest",
          lambda: Manifest.objects.filter(state="failed", parcels__shipment__in=_unlisted()).distinct(), "created_at",
          "fulfillment.make_manifest", _("Every list was made."), _("Close the day again, on our own list."), rank=90),
    Queue("no-scan", _("No scan for days"), "On the way", "fulfillment.shipment", _silent_parcels, "shipped_at",
          "fulfillment.settle_parcel", _("Every parcel was seen lately."), _("Sent off, and nothing heard for three days."),
          rank=10),
    Queue("exception", _("The carrier reports a problem"), "On the way", "fulfillment.shipment",
          lambda: _underway().filter(state="exception"), "created_at", "fulfillment.settle_parcel",
          _("No problems on the way."), rank=20),
    Queue("lost", _("Lost"), "On the way", "fulfillment.shipment", lambda: _troubled("lost"), "created_at",
          "fulfillment.settle_parcel", _("Nothing is lost."), rank=30),
    Queue("returned-to-sender", _("Coming back undelivered"), "On the way", "fulfillment.shipment",
          lambda: _troubled("returned_to_sender"), "created_at", "fulfillment.settle_parcel",
          _("Nothing comes back undelivered."), rank=40),
    Figure("shipped", _("Sent off"), "fulfillment.view_fulfillmentorder",
           daily(lambda: FulfillmentOrder.objects.filter(shipped_at__isnull=False), "shipped_at", WORK), rank=20),
    Figure("late", _("Late"), "fulfillment.view_fulfillmentorder",
           standing(lambda: _open(due_at__lt=timezone.now()), "due_at", WORK, "queue=late"), rank=30, good=False),
    Finder("fulfillment.shipment", _("Parcels"), "fulfillment.view_shipment", rank=20, find=_find_parcel,
           exact=_find_parcel),
    Finder("fulfillment.fulfillmentorder", _("Work"), "fulfillment.view_fulfillmentorder", rank=40,
           find=lambda q: FulfillmentOrder.objects.filter(
               Q(number__startswith=q.upper()) | Q(order__in=Order.objects.filter(number=q.upper()).values("pk"))
           ).order_by("-id"),
           exact=lambda q: FulfillmentOrder.objects.filter(number=q.upper())),
    MenuEntry("Warehouse", _("Dock"), "barcode_scanner", "dock:home", "fulfillment.pick_fulfillmentorder", 5),
    MenuEntry("Warehouse", _("Work"), "list_alt_check", "admin:fulfillment_fulfillmentorder_changelist",
              "fulfillment.view_fulfillmentorder", 10),
    MenuEntry("Warehouse", _("Parcels"), "local_shipping", "admin:fulfillment_shipment_changelist",
              "fulfillment.view_shipment", 20),
    MenuEntry("Warehouse", _("Manifests"), "receipt_long", "admin:fulfillment_manifest_changelist",
              "fulfillment.view_manifest", 25),
    MenuEntry("Warehouse", _("Routing decisions"), "route", "admin:fulfillment_routingdecision_changelist",
              "fulfillment.view_routingdecision", 30),
    MenuEntry("Warehouse", _("Carriers"), "conveyor_belt", "admin:fulfillment_carrieraccount_changelist",
              "fulfillment.view_carrieraccount", 40),
    MenuEntry("Warehouse", _("Boxes"), "package_2", "admin:fulfillment_box_changelist", "fulfillment.view_box", 44),
    MenuEntry("Warehouse", _("Reasons for missing pieces"), "rule", "admin:fulfillment_shelfreason_changelist",
              "fulfillment.view_shelfreason", 45),
    MenuEntry("Warehouse", _("What parcels cost"), "payments", "admin:fulfillment_ratecard_changelist",
              "fulfillment.view_ratecard", 50),
)  # fmt: skip
