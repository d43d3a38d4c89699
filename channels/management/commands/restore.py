"""``manage.py restore PATH``: back to a backup, with everything that goes out switched off."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from channels.actions.pause_outside import pause_outside
from oms.core.actors import Actor
from oms.core.audits import run
from oms.core.backups import BadBackup, field_key_fingerprint
from oms.core.restoring import restore


class Command(BaseCommand):
    help = "Restore a backup into the empty database; nothing goes out until you switch it on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="a file that `backup` made")
        parser.add_argument("--replace", action="store_true", help="delete what the database holds now")

    def handle(self, *args: Any, path: Path, replace: bool, **options: Any) -> None:
        try:
            manifest = restore(path.absolute(), replace=replace)
        except (BadBackup, OSError) as error:
            raise CommandError(str(error)) from error
        call_command("migrate", interactive=False, verbosity=0)
        made = manifest["made_at"][:16].replace("T", " ")
        why = f"The database was restored to {made} UTC; what happened since is known only outside."
        paused = pause_outside(why=why, by=Actor("user", getpass.getuser()))
        self.stdout.write(f"Restored to {made} UTC: {sum(manifest['rows'].values()):,} rows, counted again.")
        if manifest["field_key"] != field_key_fingerprint():
            self.stderr.write(
                "OMS_FIELD_KEY is not the one of the backup: the keys of shops and carriers cannot be read."
                " Set the old one, or enter the keys again."
            )
        self.stdout.write(
            f"Nothing goes out: {paused.channels} channels and {paused.carriers} carriers are switched off,"
            f" {paused.messages} messages wait under “Could not be sent”. Look, then switch them on again."
        )
        wrong = sum(map(len, run().values()))
        self.stdout.write(
            f"Audit: {wrong} differences; see `manage.py audit`." if wrong else "Audit: all books agree."
        )
