"""Seals: the ledgers in blocks, each with a digest of its rows and of the seal before it.

Whoever changes, adds or takes away a row behind the database's back breaks the digest of its block, and whoever
mends that breaks every later one; the newest digest, kept elsewhere (each backup names it), settles the matter.

Only rows below which nothing can appear any more are sealed. Row ids are drawn in order but committed in any, so a
mark notes the highest id seen and the next transaction id; once every transaction that ran then has ended
(``pg_snapshot_xmin``), and ``GRACE`` has passed for one that had drawn ids but not written yet, all ids up to the
mark are either there or never will be. docs/adr/0024-seals-follow-behind.md.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction

from oms.core.models import LedgerMark, Seal

BLOCK = 1000
# Longer than any statement and any idle transaction may last (oms/settings.py).
GRACE = timedelta(minutes=10)
START = b"\0" * 32


@dataclass(frozen=True)
class Ledger:
    """A table and its rows' columns as they are sealed: a column that comes later needs a further form."""

    name: str
    table: str
    columns: tuple[str, ...]
    title: str

    @property
    def text(self) -> str:
        """SQL: one row as text that no setting of the session can change: times as seconds since 1970."""
        parts = (f"extract(epoch FROM r.{c})" if c in TIMES else f"r.{c}" for c in self.columns)
        return f"jsonb_build_array({', '.join(parts)})::text"


TIMES = frozenset({"at", "recorded_at"})
LEDGERS: tuple[Ledger, ...] = (
    Ledger(
        "movements", "inventory_stockmovement",
        ("id", "item_id", "location_id", "on_hand", "unavailable", "reason", "document", "demand_key", "key", "note",
         "actor", "at"), "stock movements",
    ),
    Ledger(
        "journal", "core_journalentry",
        ("id", "at", "actor", "verb", "subject", "thread", "before", "after", "words", "data"), "journal lines",
    ),
    Ledger(
        "payments", "orders_paymenttransaction",
        ("id", "order_id", "external_id", "kind", "status", "amount", "currency", "shop_amount", "gateway", "at",
         "recorded_at"), "payment facts",
    ),
)  # fmt: skip


def digest(ledger: Ledger, previous: str, first: str, last: str) -> str:
    """SQL: (number of rows, digest) of the rows with ids from ``first`` to ``last``, after ``previous``."""
    return (
        f"SELECT count(*), sha256({previous} || coalesce(string_agg(sha256(convert_to({ledger.text}, 'UTF8')),"  # noqa: S608
        f" ''::bytea ORDER BY r.id), ''::bytea)) FROM {ledger.table} r WHERE r.id BETWEEN {first} AND {last}"
    )


def seal(*, seconds: float = 50.0) -> dict[str, int]:
    """Seal what can be sealed by now, and mark how far the next run may go; returns sealed rows by ledger."""
    until = time.monotonic() + seconds
    return {ledger.name: _seal(ledger, until) for ledger in LEDGERS}


def _seal(ledger: Ledger, until: float) -> int:
    mark = LedgerMark.objects.filter(ledger=ledger.name).first()
    sealed = 0
    if mark and _settled(mark):
        while time.monotonic() < until:
            rows = _seal_block(ledger, mark.last_id)
            if rows is None:
                break
            sealed += rows
        else:
            return sealed  # the mark still holds: the next run goes on from here
        mark.delete()
        mark = None
    if mark is None:
        _mark(ledger)
    return sealed


def _settled(mark: LedgerMark) -> bool:
    """Has every transaction ended that may still bring an id up to the mark?"""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,"
            " pg_snapshot_xmax(pg_current_snapshot())::text::bigint, now() - %s > make_interval(secs => %s)",
            [mark.at, GRACE.total_seconds()],
        )
        oldest, following, waited = cursor.fetchone()
    if (
        following < mark.following
    ):  # another server's count: the database was restored; nothing of then runs here
        return bool(waited)
    return bool(waited and oldest >= mark.following)


def _seal_block(ledger: Ledger, up_to: int) -> int | None:
    """One block, in one statement; ``None`` when there is nothing left up to the mark."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT last_id, digest FROM core_seal WHERE ledger = %s ORDER BY last_id DESC LIMIT 1",
            [ledger.name],
        )
        done, previous = cursor.fetchone() or (0, START)
        if done >= up_to:
            return None
        first, last = done + 1, min(done + BLOCK, up_to)
        cursor.execute(
            "INSERT INTO core_seal (ledger, form, first_id, last_id, rows, digest, at)"  # noqa: S608
            f" SELECT %s, 1, %s, %s, x.count, x.sha256, now() FROM ({digest(ledger, '%s::bytea', '%s', '%s')}) x"
            " RETURNING rows",
            [ledger.name, first, last, previous, first, last],
        )
        rows: int = cursor.fetchone()[0]
        return rows


def _mark(ledger: Ledger) -> None:
    """Note how far the ledger has come, when it has come further than its seals."""
    with connection.cursor() as cursor:
        # The id first: a transaction that begins between the two only makes us wait longer.
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {ledger.table}")  # noqa: S608
        (last,) = cursor.fetchone()
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint, now()")
        following, now = cursor.fetchone()
    if last > (
        Seal.objects.filter(ledger=ledger.name).order_by("-last_id").values_list("last_id", flat=True).first()
        or 0
    ):
        LedgerMark.objects.create(ledger=ledger.name, last_id=last, following=following, at=now)


def unsealed() -> dict[str, int]:
    """How many rows of each ledger are younger than its newest seal; by the ledger's title, none left out."""
    told = {}
    with connection.cursor() as cursor:
        for ledger in LEDGERS:
            cursor.execute(
                f"SELECT count(*) FROM {ledger.table} WHERE id >"  # noqa: S608
                " coalesce((SELECT max(last_id) FROM core_seal WHERE ledger = %s), 0)",
                [ledger.name],
            )
            told[ledger.title] = cursor.fetchone()[0]
    return told


def heads() -> dict[str, str]:
    """The newest seal of each ledger: how far it goes, and its digest. To be kept where nobody can change it."""
    newest = Seal.objects.order_by("ledger", "-last_id").distinct("ledger")
    return {s.ledger: f"{s.last_id}:{bytes(s.digest).hex()}" for s in newest}
