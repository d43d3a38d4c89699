"""What channels hangs into the console."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, OuterRef, Q, Subquery, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels.buttons import BUTTONS
from channels.lifecycle import ListingState
from channels.models import ChannelAccount, Listing, StockPush, UntoldCancel
from inventory.models import Item
from oms.core.console import (
    Figure,
    Finder,
    FirstStep,
    MenuEntry,
    Panel,
    Part,
    Queue,
    Reading,
    register,
    shown,
)
from oms.core.console.offers import attach
from oms.core.errors import KEY_REASONS
from oms.core.models import InboundMessage, JobRun
from orders.models import Order

SILENT = timedelta(minutes=30)
LAGGING = timedelta(minutes=10)
WEEK = timedelta(days=7)
BARS = 6


def _silent() -> Any:
    return ChannelAccount.objects.filter(active=True).filter(
        Q(failing_since__isnull=False) | Q(last_contact_at__lt=timezone.now() - SILENT)
    )


def _keyless() -> Any:
    failing = ChannelAccount.objects.filter(active=True, failing_since__isnull=False)
    return failing.filter(last_reason__in=KEY_REASONS)


def _lagging() -> Any:
    late = timezone.now() - LAGGING
    return Listing.objects.filter(state="active", desired_at__lt=late).filter(
        Q(desired_version__gt=F("sent_version"))
        | Q(sent_version__gt=F("confirmed_version"), sent_at__lt=late)
    )


def _untold() -> Any:
    return UntoldCancel.objects.filter(settled_at=None)


def _untold_orders() -> Any:
    """An order once, however many of its lines stand open; its age is that of the oldest."""
    oldest = _untold().filter(order=OuterRef("pk")).order_by("cancelled_at").values("cancelled_at")[:1]
    return Order.objects.filter(pk__in=_untold().values("order")).annotate(untold_since=Subquery(oldest))


def _untold_of(request: Any, order: Order) -> Mapping[str, Any] | None:
    rows = list(_untold().filter(order=order).select_related("line").order_by("pk"))
    return {"rows": rows} if rows else None


def _refused() -> Any:
    return Listing.objects.filter(state="active", health__in=["rejected", "missing"])


def sold(now: datetime) -> Reading:
    """Orders placed today by channel, with their money, beside the same hours of the same weekday before. Orders
    cancelled since are among them, as in the lists that the bars open."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = Q(placed_at__gte=midnight, placed_at__lte=now)
    before = Q(placed_at__gte=midnight - WEEK, placed_at__lte=now - WEEK)
    name = ChannelAccount.objects.filter(slug=OuterRef("source")).values("name")
    rows = Order.objects.filter(today | before).order_by().values("source", "currency").annotate(
        now=Count("pk", filter=today), before=Count("pk", filter=before), money=Sum("total", filter=today),
        name=Subquery(name),
    )  # fmt: skip
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    sums: dict[str, list[str]] = defaultdict(list)
    names: dict[str, str] = {}
    for row in rows:
        counts[row["source"]][0] += row["now"]
        counts[row["source"]][1] += row["before"]
        names[row["source"]] = row["name"] or row["source"]
        if row["money"]:
            sums[row["source"]].append(shown.money(row["money"], row["currency"]))
    span = {
        "placed_at__gte": midnight.isoformat(),
        "placed_at__lt": (midnight + timedelta(days=1)).isoformat(),
    }
    orders = reverse("admin:orders_order_changelist")
    ranked = sorted(counts, key=lambda slug: (-counts[slug][0], -counts[slug][1], slug))
    parts = [
        Part(names[slug], counts[slug][0], counts[slug][1], " + ".join(sums[slug]), f"{orders}?{urlencode({'source': slug, **span})}")
        for slug in ranked[:BARS]
    ]  # fmt: skip
    rest = [counts[slug] for slug in ranked[BARS:]]
    if rest:
        told = sum(n for n, _ in rest), sum(n for _, n in rest)
        parts.append(
            Part(
                gettext("%(rest)s more channels") % {"rest": len(rest)},
                told[0],
                told[1],
                "",
                f"{orders}?{urlencode(span)}",
            )
        )
    total = sum(n for n, _ in counts.values()), sum(n for _, n in counts.values())
    return Reading(*total, (), f"{orders}?{urlencode(span)}", parts)


def _of_item(request: Any, item: Item) -> Mapping[str, Any] | None:
    listings = list(Listing.objects.filter(item=item).select_related("account").order_by("account__name"))
    if not listings:
        return None
    attach(request.user, listings)
    return {"listings": listings}


def _versions(request: Any, listing: Listing) -> Mapping[str, Any]:
    pushes = StockPush.objects.filter(listing=listing).order_by("-id")[:20]
    return {"listing": listing, "pushes": list(pushes)}


def _account(request: Any, account: ChannelAccount) -> Mapping[str, Any]:
    states = dict(Listing.objects.filter(account=account).values_list("state").annotate(Count("pk")))
    parked = InboundMessage.objects.filter(source=account.slug, state="parked").count()
    places = [place.name for place in account.locations.all()]
    runs = JobRun.objects.filter(scope=account.slug).order_by("-id")[:8]
    return {"states": {ListingState(s).label: n for s, n in states.items()}, "parked": parked,
            "places": places, "runs": list(runs), "account": account, "rounds": account.get_tax_rounding_display()}  # fmt: skip


def _raw(request: Any, order: Order) -> Mapping[str, Any] | None:
    """What the shop sent about this order, as it came."""
    rows = InboundMessage.objects.filter(source=order.source, external_id=order.external_id)
    messages = list(rows.defer("body", "headers").order_by("-id")[:10])
    return {"messages": messages} if messages else None


def _find(text: str) -> Any:
    return Listing.objects.filter(
        Q(sku__in={text, text.upper()}) | Q(external_id=text) | Q(barcode=text)
        | Q(item__in=Item.objects.filter(sku__in={text, text.upper()}).values("pk"))
    )  # fmt: skip


register(
    *BUTTONS,
    FirstStep("channel", _("Connect a shop"), _("WooCommerce or Shopify; or bring orders in by a file or a program."),
              "channels.add_channelaccount", lambda: [ChannelAccount.objects.filter(active=True), Order.objects.all()],
              "admin:channels_channelaccount_add", rank=40),
    FirstStep("order", _("Take in a test order"),
              _("Place one at your shop. It comes by itself within a minute; “Fetch orders now” does not wait."),
              "channels.pull_channelaccount", lambda: [Order.objects.all()], "admin:channels_channelaccount_changelist",
              rank=60),
    Panel("listings", _("At the shops"), "inventory.item", "channels/of_item.html", _of_item, order=20,
          permission="channels.view_listing"),
    Panel("versions", _("Stock at the shop"), "channels.listing", "channels/versions.html", _versions, order=10),
    Panel("account", _("How it stands"), "channels.channelaccount", "channels/account.html", _account, order=10),
    Panel("raw", _("What the shop sent"), "orders.order", "channels/raw.html", _raw, order=90, side=True,
          permission="core.view_inboundmessage"),
    Queue("silent", _("Channels that do not answer"), "Channels", "channels.channelaccount", _silent, "created_at",
          "channels.pull_channelaccount", _("Every channel answers."),
          _("Nothing heard for half an hour, or only errors."), rank=10),
    Queue("channel-keys", _("Channels that refuse our keys"), "Channels", "channels.channelaccount", _keyless,
          "failing_since", "channels.change_channelaccount", _("Every channel takes our keys."),
          _("No orders and no stock go through until new keys are entered."), rank=15),
    Figure("sold", _("Sold by channel"), "orders.view_order", sold, rank=15),
    Queue("lagging", _("Stock that lags behind"), "Channels", "channels.listing", _lagging, "desired_at",
          "channels.push_listing", _("Every shop shows the right stock."),
          _("More than ten minutes old and not sent, or not confirmed."), rank=20),
    Queue("refused-stock", _("Stock a shop refuses"), "Channels", "channels.listing", _refused, "seen_at",
          "channels.push_listing", _("No shop refuses a number."), rank=25),
    Queue("unmapped", _("Listings of unknown items"), "Channels", "channels.listing",
          lambda: Listing.objects.filter(state="unmapped"), "seen_at", "channels.map_listing",
          _("Every listing has its item."), _("Say which item each is; its orders then go on."), rank=27),
    Queue("cancelled-untold", _("Cancelled here, not told to the shop"), "Channels", "orders.order", _untold_orders,
          "untold_since", "orders.cancel_order", _("Every shop knows what was cancelled here."),
          _("Part of an order was cancelled here. Take it off at the shop, then say that it is done."), rank=29),
    Panel("untold", _("Cancelled here, not told to the shop"), "orders.order", "channels/untold.html", _untold_of, order=6),
    Finder("channels.listing", _("Listings"), "channels.view_listing", rank=60, find=_find,
           exact=lambda q: Listing.objects.none()),
    MenuEntry("Channels", _("Channels"), "storefront", "admin:channels_channelaccount_changelist",
              "channels.view_channelaccount", 10),
    MenuEntry("Channels", _("Listings"), "sell", "admin:channels_listing_changelist", "channels.view_listing", 20),
)  # fmt: skip
