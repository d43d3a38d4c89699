"""``python -m oms.worker``: the worker, as ``celery worker`` starts it.

Celery's own command line brings an interactive shell for its broker along, 16 MiB in each process that never shows
one. What else that command line knows (queues, pools, autoscaling) is there for who needs it: ``celery -A oms.celery:app worker``.
"""

from __future__ import annotations

import argparse
import logging
import socket
import sys

from django.utils.module_loading import import_string


def arguments() -> argparse.ArgumentParser:
    known = argparse.ArgumentParser(
        "python -m oms.worker", description="The worker: what the system does by itself."
    )
    known.add_argument("--app", default="oms.celery.app", help="the Celery app, as a dotted name")
    known.add_argument("--processes", type=int, default=2, help="how many tasks at a time")
    known.add_argument("--name", default="worker", help="what tells it from other workers of this machine")
    return known


def main(argv: list[str] | None = None) -> int:
    """Works until it is told to end; returns the exit code."""
    told = arguments().parse_args(argv)
    worker = import_string(told.app).Worker(
        hostname=f"{told.name}@{socket.gethostname()}", concurrency=told.processes, loglevel=logging.INFO,
        # By these, workers tell each other of themselves, and ours have no use for it.
        without_gossip=True, without_mingle=True,
    )  # fmt: skip
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main())
