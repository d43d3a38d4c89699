"""``manage.py make_token NAME --scope orders:read …``: a key to the API, shown this once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from oms.core.actors import Actor
from oms.core.errors import Refused
from oms.core.tokens import SCOPES, issue_token


class Command(BaseCommand):
    help = "Make a token for the API and print its key, which cannot be read again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="Who will use it, such as 'Webshop'.")
        parser.add_argument(
            "--scope",
            action="append",
            default=[],
            help=f"Again for each: {', '.join(SCOPES)}; orders:* or *.",
        )
        parser.add_argument("--days", type=int, help="Ends after so many days; never, unless said.")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        try:
            token, key = issue_token(
                options["name"], options["scope"], by=Actor("system", "make_token"),
                expires_at=timezone.now() + timedelta(days=days) if days is not None else None,
            )  # fmt: skip
        except Refused as error:
            raise CommandError(str(error)) from error
        self.stderr.write(f"{token.name}: {', '.join(token.scopes)}. The key, shown this once:")
        self.stdout.write(key)
