"""What an older release left behind becomes a database of this one: every row is there, all books agree, and the work
goes on where it stood. The files are made by ``make release-dump``; the first one by the code of 22 November 2026
(commit 4e3b6b4), before ledgers were sealed."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import psycopg
import pytest

from tests.releases import HERE

ROOT = HERE.parents[1]
KEPT = sorted(HERE.glob("*.sql.gz"))

# In a process of its own, as an upgrade is; what it prints last is read here.
UPGRADE = """
import django; django.setup()
import json, sys
from django.core.management import call_command
from django.db.migrations.executor import MigrationExecutor
from django.db import connection
call_command("migrate", verbosity=0)
assert not MigrationExecutor(connection).migration_plan(MigrationExecutor(connection).loader.graph.leaf_nodes())
call_command("check", stdout=sys.stderr)
call_command("sync_roles", verbosity=0, stdout=sys.stderr)

from fulfillment.models import FulfillmentOrder, Shipment
from oms.core.models import Delivery, OutboxEvent
from oms.core.relay import relay
from oms.core.seals import seal
from orders.models import Order
from returns.models import Return
from tests import build, way
found = {each.__name__: each.objects.count() for each in (Order, Shipment, Return)}
relay()  # what waited when the file was made has waited for long since
call_command("audit")
waits = OutboxEvent.objects.filter(fanned_out_at=None).count() + Delivery.objects.exclude(state="done").count()

# What lay in the warehouse is sent, and a new order goes all its way.
for work in FulfillmentOrder.objects.filter(state="released").order_by("pk"):
    way.send(work)
later = build.order([("CUP", 1), ("POT", 1)], external_id="later", number="later", email="later@example.com")
relay()
(work,) = FulfillmentOrder.objects.filter(order=later)
way.send(work)
relay()
way.deliver(later)
way.sound()
seal()
call_command("audit")
later.refresh_from_db()
print(json.dumps({"found": found, "waits": waits, "later": later.state}))
"""


def rows(line: psycopg.Connection) -> dict[str, int]:
    tables = line.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    return {table: line.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for (table,) in tables}  # type: ignore[index]


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.name.removesuffix(".sql.gz"))
def test_an_older_release_becomes_this_one(kept: Path, elsewhere: str) -> None:
    with psycopg.connect(elsewhere, autocommit=True) as line:
        line.execute(gzip.decompress(kept.read_bytes()).decode())
        line.execute("RESET ALL")
        before = rows(line)
    done = subprocess.run(
        [sys.executable, "-c", UPGRADE], cwd=ROOT, env={**os.environ, "DATABASE_URL": elsewhere},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("All books agree.") == 2, done.stdout
    if kept.name.startswith("before"):
        assert "not sealed yet: " in done.stdout and "newest seal" not in done.stdout
    with psycopg.connect(elsewhere) as line:
        after = rows(line)
    # What only grows lies in partitions now, and each movement that was there before has its key.
    for table in ("core_journalentry", "inventory_stockmovement"):
        assert after[f"{table}_from_0"] == after[table] > before[table] > 0 and after[f"{table}_rest"] == 0
    assert after["inventory_movementkey"] == after["inventory_stockmovement"]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["later"] == "completed" and not told["waits"]
    assert told["found"] == {
        "Order": before["orders_order"],
        "Shipment": before["fulfillment_shipment"],
        "Return": before["returns_return"],
    }
    assert before["orders_order"] >= 10 and before["returns_return"]


def test_the_newest_kept_database_is_older_than_this_code_or_is_this_code() -> None:
    """Whoever raises the version without keeping the database of the one before hears of it here."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    released = [line.split()[1].rstrip(",") for line in (ROOT / "CHANGELOG.md").read_text().splitlines()
                if line.startswith("## ") and "not yet released" not in line]  # fmt: skip
    missing = [each for each in released if not (HERE / f"{each}.sql.gz").exists()]
    assert not missing, f"make release-dump was not run for {missing}"
    assert version not in released or (HERE / f"{version}.sql.gz").exists()
