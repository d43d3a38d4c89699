"""``manage.py make_logins``: one person per role, for trying the system out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from channels.demo.logins import make_logins


class Command(BaseCommand):
    help = "Make one login per role, with passwords kept in a file between runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", default=str(Path(settings.DATA_DIR) / "demo-logins.json"))

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("sync_roles", stdout=io.StringIO())
        for role, (username, password) in make_logins(Path(options["file"])).items():
            self.stdout.write(f"{role:<14} {username:<10} {password}")
