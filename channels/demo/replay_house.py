"""The house that a replay runs in: its channel, three places, the items of the file, and what arrives on
Mondays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from django.apps import apps
from django.db import connection, transaction

from channels.demo import catalogue, people, retail
from channels.demo.supply import Arrival
from channels.models import ChannelAccount
from inventory.actions.receive_goods import Arrived, receive_goods
from inventory.models import Barcode, Item, Location
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.ledger import may_erase

BY = Actor.job("replay")
SLUG = "replay"
SHARES = {people.NOTTINGHAM.code: 0.6, people.BRIGHTON.code: 0.15, people.ROTTERDAM.code: 0.25}
HANDLING = {people.NOTTINGHAM.code: Decimal("1.20"), people.BRIGHTON.code: Decimal("2.00")}

# Kept when the database is emptied: who may come in, what the system knows of itself, and what came with it.
KEPT = {"ApiToken", "IdempotencyRecord", "JobRun", "ShelfReason"}


def open_house() -> tuple[ChannelAccount, dict[str, int]]:
    """The replay's channel, and the primary keys of the places by code; made where they are missing."""
    account, _ = ChannelAccount.objects.get_or_create(
        slug=SLUG, defaults={"name": "Replay of a file", "kind": "replay", "order_prefix": "REP", "push_stock": False}
    )  # fmt: skip
    for rank, place in enumerate(people.PLACES, 1):
        Location.objects.get_or_create(
            code=place.code,
            defaults={
                "name": place.name, "type": place.kind, "line1": place.address.line1, "city": place.address.city,
                "postcode": place.address.postcode, "country": place.address.country, "rank": rank,
                "latitude": place.address.latitude, "longitude": place.address.longitude,
                "handling_cost": HANDLING.get(place.code, Decimal("1.50")),
            },
        )  # fmt: skip
    return account, dict(Location.objects.filter(code__in=SHARES).values_list("code", "pk"))


def empty_house() -> None:
    """Forget everything but the logins. Raises :class:`Refused` where other channels than the replay's are:
    what is somebody's work is never deleted."""
    others = ChannelAccount.objects.exclude(slug=SLUG).values_list("name", flat=True)
    if names := ", ".join(others[:5]):
        raise Refused(Reason("not_ours", f"This database holds other channels ({names}); use an empty one."))
    ours = ("core", "inventory", "orders", "fulfillment", "returns", "channels")
    models = [
        model for label in ours for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]
    tables = [f'"{model._meta.db_table}"' for model in models if model.__name__ not in KEPT]
    with transaction.atomic(), may_erase(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY")


def meet_items(orders: Iterable[retail.Order], known: dict[str, int]) -> None:
    """Make the items that these orders name for the first time; ``known`` (SKU to primary key) grows."""
    new = {
        line.sku: catalogue.item(line.sku, line.title, line.unit_price)
        for order in orders
        for line in order.lines
        if line.sku not in known
    }
    if not new:
        return
    Item.objects.bulk_create(
        [
            Item(
                sku=each.sku,
                name=each.title or each.sku,
                weight_g=each.weight_g,
                hs_code=each.hs_code,
                origin_country=each.origin_country,
            )
            for each in new.values()
        ],
        ignore_conflicts=True,
    )
    made = dict(Item.objects.filter(sku__in=new).values_list("sku", "pk"))
    Barcode.objects.bulk_create(
        [Barcode(item_id=made[sku], code=each.barcode) for sku, each in new.items()], ignore_conflicts=True
    )
    known |= made


def take_in(
    week: date, arrivals: Iterable[Arrival], items: Mapping[str, int], places: Mapping[str, int]
) -> None:
    """Book what arrives on this Monday: one receipt a place, each once however often the file is replayed."""
    by_place: dict[str, list[Arrived]] = defaultdict(list)
    for each in arrivals:
        by_place[each.location].append(Arrived(items[each.sku], each.quantity))
    for code, arrived in sorted(by_place.items()):
        reference = f"Week of {week}"
        receive_goods(
            location_id=places[code], arrived=arrived, reference=reference, key=f"{SLUG}:{week}:{code}", by=BY
        )
