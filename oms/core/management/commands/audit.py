"""``manage.py audit``: hold all books against each other, name every difference; with ``--repair`` mend what can be."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oms.core.actors import Actor
from oms.core.audits import checks, repair, run
from oms.core.errors import Refused
from oms.core.seals import heads, unsealed


class Command(BaseCommand):
    help = "Verify the seals and every law of stock, orders and money. Exit code 1 when anything differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--only", action="append", default=[], metavar="CHECK", help="this check; may be repeated"
        )
        parser.add_argument(
            "--repair", action="store_true", help="write anew what can be counted from other rows"
        )
        parser.add_argument("--reason", default="", help="why it is repaired; kept in the journal")

    def handle(self, *args: Any, only: list[str], repair: bool, reason: str, **options: Any) -> None:
        known = checks()
        if unknown := sorted(set(only) - set(known)):
            raise CommandError(f"There is no check {', '.join(unknown)}. There are: {', '.join(known)}.")
        if repair and not reason.strip():
            raise CommandError("Say why it is repaired: --reason '…'. It is kept in the journal.")
        if repair:
            self._repair(only, reason)
        found = run(only)
        for slug, differences in found.items():
            self.stdout.write(f"{'ok ' if not differences else 'NOT'}  {slug}: {known[slug].title}")
            for difference in differences:
                self.stdout.write(f"     {difference.subject}  {difference.words}")
        for name, head in heads().items():
            self.stdout.write(f"newest seal of {name}: {head}")
        for title, rows in unsealed().items():
            if rows:
                self.stdout.write(f"not sealed yet: {rows} {title}; the clock's seal job does it by itself")
        wrong = sum(map(len, found.values()))
        self.stdout.write(f"{wrong} differences." if wrong else "All books agree.")
        if wrong:
            sys.exit(1)

    def _repair(self, only: list[str], reason: str) -> None:
        before = run(only)
        try:
            left = repair(before, reason=reason, by=Actor("user", getpass.getuser()))
        except Refused as error:
            raise CommandError(str(error)) from error
        for slug, differences in before.items():
            for subject in sorted({d.subject for d in differences}):
                why = left.get(slug, {}).get(subject)
                self.stdout.write(
                    f"{'left' if why else 'mended'}  {slug}  {subject}{f': {why}' if why else ''}"
                )
