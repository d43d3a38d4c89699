"""What channels hangs into the console."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.utils import timezone

from channels.buttons import BUTTONS
from channels.lifecycle import ListingState
from channels.models import ChannelAccount, Listing, StockPush
from inventory.models import Item
from oms.core.console import Finder, MenuEntry, Panel, Queue, register
from oms.core.console.offers import attach
from oms.core.models import InboundMessage, JobRun
from orders.models import Order

SILENT = timedelta(minutes=30)
LAGGING = timedelta(minutes=10)


def _silent() -> Any:
    return ChannelAccount.objects.filter(active=True).filter(
        Q(failing_since__isnull=False) | Q(last_contact_at__lt=timezone.now() - SILENT)
    )


def _lagging() -> Any:
    late = timezone.now() - LAGGING
    return Listing.objects.filter(state="active", desired_at__lt=late).filter(
        Q(desired_version__gt=F("sent_version"))
        | Q(sent_version__gt=F("confirmed_version"), sent_at__lt=late)
    )


def _refused() -> Any:
    return Listing.objects.filter(state="active", health__in=["rejected", "missing"])


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
            "places": places, "runs": list(runs), "account": account}  # fmt: skip


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
    Panel("listings", "At the shops", "inventory.item", "channels/of_item.html", _of_item, order=20,
          permission="channels.view_listing"),
    Panel("versions", "Stock at the shop", "channels.listing", "channels/versions.html", _versions, order=10),
    Panel("account", "How it stands", "channels.channelaccount", "channels/account.html", _account, order=10),
    Panel("raw", "What the shop sent", "orders.order", "channels/raw.html", _raw, order=90, side=True,
          permission="core.view_inboundmessage"),
    Queue("silent", "Channels that do not answer", "Channels", "channels.channelaccount", _silent, "created_at",
          "channels.pull_channelaccount", "Every channel answers.",
          "Nothing heard for half an hour, or only errors.", rank=10),
    Queue("lagging", "Stock that lags behind", "Channels", "channels.listing", _lagging, "desired_at",
          "channels.push_listing", "Every shop shows the right stock.",
          "More than ten minutes old and not sent, or not confirmed.", rank=20),
    Queue("refused-stock", "Stock a shop refuses", "Channels", "channels.listing", _refused, "seen_at",
          "channels.push_listing", "No shop refuses a number.", rank=25),
    Queue("unmapped", "Listings of unknown items", "Channels", "channels.listing",
          lambda: Listing.objects.filter(state="unmapped"), "seen_at", "channels.map_listing",
          "Every listing has its item.", "Say which item each is; its orders then go on.", rank=27),
    Finder("channels.listing", "Listings", "channels.view_listing", rank=60, find=_find,
           exact=lambda q: Listing.objects.none()),
    MenuEntry("Channels", "Channels", "storefront", "admin:channels_channelaccount_changelist",
              "channels.view_channelaccount", 10),
    MenuEntry("Channels", "Listings", "sell", "admin:channels_listing_changelist", "channels.view_listing", 20),
)  # fmt: skip
