"""``manage.py import_postcodes DE.txt``: where postcodes are, from a file in GeoNames' format."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from fulfillment.actions.import_postcodes import import_postcodes
from oms.core.errors import Refused


class Command(BaseCommand):
    help = "Take in a file of postcodes with coordinates (GeoNames' format); replaces the countries that are in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="tab-separated, such as DE.txt")

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        try:
            with open(file, encoding="utf-8-sig") as lines:
                counts = import_postcodes(lines)
        except (OSError, UnicodeDecodeError, Refused) as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        for country, count in sorted(counts.items()):
            self.stdout.write(f"{country}: {count} postcodes")
