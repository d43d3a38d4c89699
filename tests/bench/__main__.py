"""``python -m tests.bench [--quick] [--only WORD]``: one JSON object a line; exit 1 when a bar is missed."""

from __future__ import annotations

import argparse
import gc
import os
import sys

import django


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument(
        "--quick", action="store_true", help="one round of each, smaller: for a look, not to quote"
    )
    parser.add_argument("--only", default="", help="workloads whose name has this word")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument(
        "--keep", action="store_true",
        help="leave what the last workload wrote (with --only lists a million orders) in the database that DATABASE_URL"
        " names; the next run empties it, unless a person was added to it meanwhile",
    )  # fmt: skip
    told = parser.parse_args()
    django.setup()
    from tests.bench import floors, workloads, world

    if not world.is_ours(marked=floors.built()):
        print(
            "This database is in use, and the bench would empty it: let DATABASE_URL name one of its own.",
            file=sys.stderr,
        )
        return 2
    # As a worker does before it parts into processes, see oms/celery.py: what is loaded is not looked through again.
    gc.collect()
    gc.freeze()
    floors.build()
    rounds = told.rounds or (1 if told.quick else 5)
    ok = [
        measure(os.environ["DATABASE_URL"], rounds)
        for name, measure in workloads.all_of(quick=told.quick).items()
        if told.only in name
    ]
    if not told.keep:
        world.empty()
        floors.remove()
    return 0 if all(ok) else 1


if __name__ == "__main__":
    sys.exit(main())
