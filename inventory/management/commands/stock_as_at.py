"""``manage.py stock_as_at 2026-01-31``: what lay where at that moment, as CSV on stdout."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from datetime import datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from inventory.models import Item, Location
from inventory.stock_as_at import stock_as_at


class Command(BaseCommand):
    help = "Stock at a moment of the past, counted from the movements; CSV: sku, name, place, on_hand, unavailable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "moment", help="2026-01-31 (the end of that day) or 2026-01-31T12:00, in TIME_ZONE"
        )
        parser.add_argument("--place", metavar="CODE", help="only this place")
        parser.add_argument("--sku", help="only this item")

    def handle(self, *args: Any, moment: str, place: str | None, sku: str | None, **options: Any) -> None:
        at = _moment(moment)
        places = (
            None if place is None else list(Location.objects.filter(code=place).values_list("pk", flat=True))
        )
        items = None if sku is None else list(Item.objects.filter(sku=sku).values_list("pk", flat=True))
        if places == [] or items == []:
            raise CommandError(
                f"There is no {'place' if places == [] else 'item'} {place if places == [] else sku}."
            )
        out = csv.writer(self.stdout, lineterminator="\n")
        out.writerow(["sku", "name", "place", "on_hand", "unavailable"])
        for row in stock_as_at(at, items=items, places=places):
            out.writerow([row.sku, row.name, row.place, row.on_hand, row.unavailable])


def _moment(text: str) -> datetime:
    try:
        day, at = parse_date(text), parse_datetime(text)
    except ValueError:
        day = at = None
    if day is not None and len(text) == len("2026-01-31"):
        at = datetime.combine(day, time.max)
    if at is None:
        raise CommandError(f"{text} is no moment: say 2026-01-31 or 2026-01-31T12:00.")
    return at if timezone.is_aware(at) else timezone.make_aware(at)
