"""The one writer of stock levels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext

from inventory.events import StockChanged
from inventory.models import StockMovement
from oms.core.actors import Actor
from oms.core.columns import insert
from oms.core.errors import Reason, Refused
from oms.core.journal import NoTransaction
from oms.core.outbox import emit
from oms.core.statements import prepared
from oms.core.transactions import in_transaction

Shelf = tuple[int, int]
"""(item id, location id)"""

TOLD_AT_ONCE = 100


@dataclass(frozen=True)
class Entry:
    """A ledger line to be: signed changes of ``on_hand`` and ``unavailable``. ``key`` makes it happen once."""

    item_id: int
    location_id: int
    reason: str
    document: str
    key: str
    on_hand: int = 0
    unavailable: int = 0
    demand_key: UUID | None = None
    note: str = ""


@dataclass(frozen=True)
class Promise:
    """A signed change of what is reserved on a shelf; its reservation rows are the caller's to write."""

    item_id: int
    location_id: int
    reserved: int


class ShortOfStock(Refused):
    """A level would have broken its law (reserved + unavailable ≤ on hand, nothing below zero)."""

    def __init__(self, shelves: Sequence[Shelf]):
        self.shelves = tuple(shelves)
        super().__init__(Reason("short_of_stock", gettext("There is not enough stock there for that.")))


# Locks come in (item, location) order, so that two writers never wait for each other in a circle. The WHERE
# of the UPDATE is the guard: a shelf that would break its law is left alone, and missing from the answer.
_UPDATE = """
WITH wanted AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::int[], %s::int[])
        AS w(item_id, location_id, on_hand, reserved, unavailable)
), locked AS (
    SELECT l.id, w.on_hand, w.reserved, w.unavailable
      FROM inventory_stocklevel l JOIN wanted w USING (item_id, location_id)
     ORDER BY l.item_id, l.location_id FOR UPDATE OF l
)
UPDATE inventory_stocklevel l
   SET on_hand = l.on_hand + k.on_hand, reserved = l.reserved + k.reserved,
       unavailable = l.unavailable + k.unavailable, changed_at = now()
  FROM locked k
 WHERE l.id = k.id AND l.reserved + k.reserved >= 0 AND l.unavailable + k.unavailable >= 0
   AND l.on_hand + k.on_hand >= l.reserved + k.reserved + l.unavailable + k.unavailable
RETURNING l.item_id, l.location_id
"""

_OPEN = """
INSERT INTO inventory_stocklevel (item_id, location_id, on_hand, reserved, unavailable, safety_stock, changed_at)
SELECT item_id, location_id, 0, 0, 0, 0, now() FROM unnest(%s::bigint[], %s::bigint[]) AS w(item_id, location_id)
 ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""


def move_stock(*, entries: Sequence[Entry] = (), promises: Iterable[Promise] = (), by: Actor) -> None:
    """Change levels and write the ledger, all or nothing.

    Changes are summed per (item, location) and written by one guarded UPDATE in key order; levels that do
    not exist yet are opened. Raises :class:`ShortOfStock` when a level would break its law, and an
    IntegrityError when an entry's key was used before; in both cases the caller's transaction must end.
    """
    if not in_transaction():
        raise NoTransaction("stock moves inside a transaction")
    sums: dict[Shelf, list[int]] = {}
    for entry in entries:
        total = sums.setdefault((entry.item_id, entry.location_id), [0, 0, 0])
        total[0] += entry.on_hand
        total[2] += entry.unavailable
    for promise in promises:
        sums.setdefault((promise.item_id, promise.location_id), [0, 0, 0])[1] += promise.reserved
    shelves = sorted(shelf for shelf, total in sums.items() if any(total))
    if not shelves and not entries:
        return
    opened = [shelf for shelf in shelves if sums[shelf][0] > 0]
    with prepared() as cursor:
        if opened:
            cursor.execute(_OPEN, [[s[0] for s in opened], [s[1] for s in opened]])
        cursor.execute(
            _UPDATE,
            [
                [s[0] for s in shelves],
                [s[1] for s in shelves],
                *([sums[s][i] for s in shelves] for i in range(3)),
            ],
        )
        written = set(cursor.fetchall())
    short = [shelf for shelf in shelves if shelf not in written]
    if short:
        raise ShortOfStock(short)
    if entries:
        actor = str(by)
        insert(StockMovement, [{**vars(e), "actor": actor} for e in entries])
    freed: dict[int, bool] = {}
    for (item_id, _), (on_hand, reserved, unavailable) in sums.items():
        change = on_hand - reserved - unavailable
        if change:
            freed[item_id] = freed.get(item_id, False) or change > 0
    _tell(freed, by)


def _tell(freed: Mapping[int, bool], by: Actor) -> None:
    """What changed, a hundred items an event: an event for each would cost more than the change itself."""
    events = []
    for up in (False, True):
        items = sorted(item_id for item_id, more in freed.items() if more is up)
        events += [
            StockChanged(tuple(items[at : at + TOLD_AT_ONCE]), up)
            for at in range(0, len(items), TOLD_AT_ONCE)
        ]
    emit(events, by=by)


# Levels as their rows say: the ledger and the firm reservations are the truth, the level is their sum.
_REBUILD = """
WITH locked AS (
    SELECT l.id, l.item_id, l.location_id, l.on_hand, l.reserved, l.unavailable
      FROM inventory_stocklevel l
      JOIN unnest(%s::bigint[], %s::bigint[]) AS w(item_id, location_id) USING (item_id, location_id)
     ORDER BY l.item_id, l.location_id FOR UPDATE OF l
), truth AS (
    SELECT k.*,
           (SELECT coalesce(sum(m.on_hand), 0) FROM inventory_stockmovement m
             WHERE m.item_id = k.item_id AND m.location_id = k.location_id) AS booked,
           (SELECT coalesce(sum(m.unavailable), 0) FROM inventory_stockmovement m
             WHERE m.item_id = k.item_id AND m.location_id = k.location_id) AS aside,
           (SELECT coalesce(sum(r.quantity), 0) FROM inventory_reservation r
             WHERE r.item_id = k.item_id AND r.location_id = k.location_id AND r.state = 'firm') AS promised
      FROM locked k
)
UPDATE inventory_stocklevel l
   SET on_hand = t.booked, reserved = t.promised, unavailable = t.aside, changed_at = now()
  FROM truth t
 WHERE l.id = t.id AND t.aside >= 0 AND t.booked >= t.promised + t.aside
RETURNING l.item_id, l.location_id,
          t.booked - t.promised - t.aside - (t.on_hand - t.reserved - t.unavailable)
"""


def rebuild_levels(shelves: Iterable[Shelf], *, by: Actor) -> None:
    """Make levels the sums of their movements and reservations again: for a level that broke its law.

    Raises :class:`ShortOfStock` when the rows themselves promise more than the ledger has.
    """
    if not in_transaction():
        raise NoTransaction("stock moves inside a transaction")
    wanted = sorted(set(shelves))
    with prepared() as cursor:
        cursor.execute(_REBUILD, [[s[0] for s in wanted], [s[1] for s in wanted]])
        rows = cursor.fetchall()
    written = {(item, location) for item, location, _ in rows}
    short = [shelf for shelf in wanted if shelf not in written]
    if short:
        raise ShortOfStock(short)
    freed: dict[int, bool] = {}
    for item, _, more in rows:
        if more:
            freed[item] = freed.get(item, False) or more > 0
    _tell(freed, by)
