"""``manage.py backup [PATH]``: the whole database as one file, looked at again after writing."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oms.core.backups import BadBackup, back_up, file_name, folder


class Command(BaseCommand):
    help = "Back up the database into one file: PATH, or a new one in the folder of backups."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, help="a file that is not there yet, or a folder")

    def handle(self, *args: Any, path: Path | None, **options: Any) -> None:
        path = path or folder()
        if path == folder() or path.is_dir():
            path = path / file_name()
        try:
            made = back_up(path.absolute())
        except (BadBackup, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{path}: {made['bytes'] / 1e6:.1f} MB, {sum(made['rows'].values()):,} rows, read back."
        )
        self.stdout.write(
            "OMS_FIELD_KEY is not in it. Keep it elsewhere: without it the keys of shops and carriers"
            f" cannot be read again (fingerprint {made['field_key'] or 'none'})."
        )
