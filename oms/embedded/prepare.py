"""Runs management commands one after the other in one process: Django starts once, not once a command.

The only file here that runs inside Django; the supervisor starts it as a program of its own:
``python -m oms.embedded.prepare migrate sync_roles``. Prints ``NAME SECONDS`` for each;
what they say goes to stderr.
"""

from __future__ import annotations

import sys
import time
from contextlib import redirect_stdout
from typing import Any


def main(names: list[str]) -> int:
    import django
    from django.core.management import call_command

    django.setup()
    for name in names:
        began = time.monotonic()
        with redirect_stdout(sys.stderr):
            call_command(name, **OPTIONS.get(name, {}))
        print(f"{name} {time.monotonic() - began:.1f}", flush=True)
    return 0


OPTIONS: dict[str, dict[str, Any]] = {
    "migrate": {"interactive": False},
    "collectstatic": {"interactive": False, "verbosity": 0},
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
