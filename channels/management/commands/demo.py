"""``manage.py demo``: plays the story on a system that is up, and says whether it went as it should.

Exit code 0 when all is as the plan says. The last line is one JSON object with the figures.
"""

from __future__ import annotations

import io
import json
import os
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from channels.demo import plan as plans
from channels.demo.hands import Party, Trouble
from channels.demo.logins import make_logins
from channels.demo.story import Stage, ending, play
from channels.demo.story.books import ask
from channels.demo.story.telling import over

FORTNIGHT = 14
# No single piece of paper moves a load like this; wholesale by the pallet is another story.
HEAVIEST_KG = 60
MOST = 40


class Command(BaseCommand):
    help = "Play the story of a gift retailer's fortnight on the running system."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base-url", default=settings.BASE_URL)
        parser.add_argument("--once", action="store_true", help="The last line is the figures as JSON.")
        parser.add_argument(
            "--orders", type=int, help="Only so many of the real orders; the cases are always played."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        plan = plans.build(first_day=_first_day(), ordinary=options["orders"], heaviest_kg=HEAVIEST_KG)
        call_command("sync_roles", stdout=io.StringIO())
        stage = Stage(
            base_url=options["base_url"].rstrip("/"), plan=plan, woocommerce=_party("woocommerce"),
            shopify=_party("shopify"), easypost=_party("easypost"),
            logins=make_logins(Path(settings.DATA_DIR) / "demo-logins.json"), say=self.say,
        )  # fmt: skip
        wrong: list[str] = []
        if not options["once"] and over(stage):
            # Whoever sits before the console since then may have done what she liked with it.
            self.say("The story has been played already; the system is as it was left.")
            return
        try:
            if not over(stage):
                play(stage)
                ending.settle(stage)
        except Trouble as trouble:
            wrong.append(str(trouble))
            self.say(f"THE STORY STOPPED: {trouble}")
        figures, differences = ending.sum_up(stage, began)
        wrong += differences
        for words in wrong[:MOST]:
            self.say(f"  NOT AS IT SHOULD BE: {words}")
        if len(wrong) > MOST:
            self.say(f"  … and {len(wrong) - MOST} more")
        stage.leave()
        figures["ok"] = not wrong
        self.say(
            f"{figures['orders_received']} orders, {figures['orders_delivered']} of them delivered,"
            f" {figures['units_oversold']} pieces oversold: {'all is as it should be' if not wrong else 'NOT as it should be'}."
        )
        self.stdout.write(json.dumps(figures))
        if wrong:
            raise SystemExit(1)

    def say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


def _party(name: str) -> Party:
    address = os.environ.get(f"OMS_TWIN_{name.upper()}_URL", "")
    if not address:
        raise CommandError(f"OMS_TWIN_{name.upper()}_URL is not set: start the demo with `make demo`.")
    return Party(name, address)


def _first_day() -> date:
    """The story's first day: that of a story begun before, else so that the fortnight ends yesterday."""
    begun: datetime | None = ask("SELECT min(placed_at) FROM orders_order")[0][0]
    if begun is not None:
        return timezone.localtime(begun).date()
    return timezone.localdate() - timedelta(days=FORTNIGHT)
