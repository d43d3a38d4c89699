"""``make release-dump``: keep a database of the release that is about to be made, with a small shop in it, and note
its migrations as released. What later versions must migrate from is made by the release's own code, once."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import django
from django.conf import settings

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def main() -> int:
    with (ROOT / "pyproject.toml").open("rb") as told:
        version = tomllib.load(told)["project"]["version"]
    kept = HERE / f"{version}.sql.gz"
    if kept.exists():
        print(f"{kept.relative_to(ROOT)} is there already: raise the version in pyproject.toml first")
        return 1
    django.setup()
    # No key of anybody's: nothing in the file may depend on a secret.
    settings.FIELD_KEYS = []
    from django.core.management import call_command

    from oms.core.backups import migrations
    from tests.releases import BASELINE, OURS
    from tests.releases.world import play

    call_command("migrate", verbosity=0)
    play()
    write(kept)
    BASELINE.write_text("".join(f"{name}\n" for name in migrations() if name.split(".")[0] in OURS))
    print(
        f"{kept.relative_to(ROOT)}: {kept.stat().st_size // 1024} kB; both files belong into the release's commit"
    )
    return 0


def write(kept: Path) -> None:
    """As plain SQL that the oldest server we run on takes, byte for byte the same whenever it is written."""
    from oms.core.backups import surroundings, tool

    argv = [tool("pg_dump"), "--format=plain", "--no-owner", "--no-acl", "--rows-per-insert=200"]
    dump = subprocess.run(argv, env=surroundings(), capture_output=True, text=True, check=True).stdout
    # What only newer servers, or psql alone, understand.
    dump = re.sub(r"^(SET transaction_timeout|\\(un)?restrict|--).*\n", "", dump, flags=re.M)
    kept.write_bytes(gzip.compress(re.sub(r"\n{2,}", "\n", dump).encode(), mtime=0))


if __name__ == "__main__":
    sys.exit(main())
