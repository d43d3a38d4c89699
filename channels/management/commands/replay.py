"""``manage.py replay PATH``: a file of the Online Retail shape through the door that channels use."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from channels.demo.extract import EXTRACT
from channels.demo.replay import replay
from channels.demo.replay_house import empty_house
from channels.demo.retail import NotOnlineRetail
from oms.core.errors import Refused


class Command(BaseCommand):
    help = "Replay a CSV of orders, plain or gzipped; the last line of stdout is one JSON object. Exit 1 unless ok."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "path", nargs="?", type=Path, default=EXTRACT, help="left out: the shipped fortnight"
        )
        parser.add_argument("--limit", type=int, metavar="N", help="only the first N orders")
        parser.add_argument("--seed", type=int, default=1, help="of the supplier's rule (default 1)")
        parser.add_argument(
            "--fresh", action="store_true", help="empty the database first; only the replay's own"
        )
        parser.add_argument("--no-progress", action="store_true", help="no progress bar")

    def handle(
        self, *args: Any, path: Path, limit: int | None, seed: int, fresh: bool, **options: Any
    ) -> None:
        try:
            if fresh:
                empty_house()
            bar = None if options["no_progress"] else sys.stderr
            told = replay(path, limit=limit, seed=seed, bar=bar)
        except (OSError, NotOnlineRetail, Refused) as error:
            raise CommandError(str(error)) from error
        for line in self.table(told):
            self.stdout.write(line)
        self.stdout.write(json.dumps(told, ensure_ascii=False))
        if not told["ok"]:
            sys.exit(1)

    def table(self, told: dict[str, Any]) -> list[str]:
        lines = ["", "step                    a second     seconds"]
        for step, rate in told["orders_per_second"].items():
            seconds = told["seconds_by_step"].get(step, told["seconds"])
            lines.append(f"{step.replace('_', ' '):<22} {rate:>9,.1f} {seconds:>11,.1f}")
        lines += ["", f"{told['lines']:,} lines of the file:"]
        lines += [f"  {count:>9,}  {rule}" for rule, count in told["lines_by_rule"].items()]
        return [*lines, ""]
