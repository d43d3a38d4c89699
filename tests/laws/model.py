"""A small PostgreSQL of the mind, in which every interleaving of a few transactions can be tried.

The transactions are the real actions (``fit_reservations``, ``reseat``, ``consume_reservations``, ``move_stock``). Only
what they ask of the database is answered here, and the answer is read from their own SQL: the order in which rows
are locked, the guard of the UPDATE, what counts as free, and the CHECKs of the model. So whoever changes one of
these changes what is explored. That the answers are PostgreSQL's is shown by ``test_interleavings.py``.

READ COMMITTED, as we run: a statement sees what was committed when it began; a lock waits for its holder; the row is
then looked at again as it is now, and left out where it no longer fits. A step is the beginning of a statement, a lock
that was not held yet, or the commit; between two steps nobody else can notice anything.

To take one step of a transaction its action is run again from the start, with the answers that it had (they are its
history), up to the first question that was not answered yet. So a world is a plain value, and can be remembered.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.db import IntegrityError
from django.db.models import CheckConstraint, F, Q
from django.db.models.expressions import CombinedExpression

from inventory.actions import consume_reservations, fit_reservations, move_stock, reseat
from inventory.models import Reservation, StockLevel
from oms.core.errors import Refused

Shelf = tuple[int, int]
NOW = datetime(2026, 11, 20, tzinfo=UTC)
COLUMNS = ("on_hand", "reserved", "unavailable", "safety_stock")


@dataclass(frozen=True)
class Held:
    """A reservation."""

    pk: int
    demand_key: UUID
    item_id: int
    location_id: int | None
    quantity: int
    state: str = "firm"


@dataclass(frozen=True)
class Own:
    """A transaction so far: the answers that it had."""

    answers: tuple[Any, ...] = ()
    end: str = ""
    """``committed``, or why it was rolled back."""


@dataclass(frozen=True)
class World:
    """Committed rows, who holds which lock, and the transactions under way."""

    levels: tuple[tuple[Shelf, tuple[int, ...]], ...]
    held: tuple[Held, ...]
    locks: tuple[tuple[Any, int], ...] = ()
    own: tuple[Own, ...] = ()


Work = Callable[["Session"], None]
"""A transaction: calls actions, and locks by :meth:`Session.lock` what is not in their hands."""


class _Pause(BaseException):
    """The step is taken: the rest is for another time."""


class Waits(Exception):
    """The lock is held by another transaction."""

    def __init__(self, holder: int):
        self.holder = holder


@dataclass(frozen=True)
class Nets:
    """``check``: the database's own constraints are there."""

    check: bool = True


@dataclass
class Session:
    """One transaction taking one step."""

    world: World
    me: int
    nets: Nets
    at: int = 0
    stepped: bool = False
    levels: dict[Shelf, tuple[int, ...]] = field(default_factory=dict)
    held: dict[int, Held] = field(default_factory=dict)
    """``levels`` and ``held`` are what it wrote, and nobody else sees before its commit."""
    mine: dict[Any, Any] = field(default_factory=dict)
    """What it locked, with the level as it was then."""

    begins: bool = True
    """Does its next step begin a statement (or the commit)? Otherwise it is in the middle of one."""

    def step(self, do: Callable[[], Any], *, begins: bool = True) -> Any:
        """The answer to a question: the one it had, or a new one, once."""
        answers = self.world.own[self.me].answers
        if self.at < len(answers):
            self.at += 1
            return answers[self.at - 1]
        self.begins = begins
        if self.stepped:
            raise _Pause
        answer = do()
        self.stepped = True
        self.at += 1
        mine = self.world.own[self.me]
        if not mine.end:
            self._mine(replace(mine, answers=(*mine.answers, answer)))
        return answer

    def _mine(self, own: Own) -> None:
        self.world = replace(
            self.world, own=(*self.world.own[: self.me], own, *self.world.own[self.me + 1 :])
        )

    # ---------------------------------------------------------------------------------------- what SQL does

    def snapshot(self, about: Callable[[Shelf], bool]) -> dict[Shelf, tuple[int, ...]]:
        """The levels that a statement is about, as it sees them when it begins now."""
        seen = self.step(lambda: tuple(level for level in self.world.levels if about(level[0])))
        return {**dict(seen), **{s: row for s, row in self.levels.items() if about(s)}}

    def lock(self, thing: Any) -> None:
        """Raises :class:`Waits` where another has it. What is locked already costs no step."""

        def take() -> Any:
            holder = dict(self.world.locks).get(thing, self.me)
            if holder != self.me:
                raise Waits(holder)
            self.world = replace(self.world, locks=(*self.world.locks, (thing, self.me)))
            return dict(self.world.levels).get(thing)

        if thing not in self.mine:
            self.mine[thing] = self.step(take, begins=False)

    def now(self, shelf: Shelf) -> tuple[int, ...]:
        """A locked level as it is."""
        return self.levels.get(shelf) or self.mine[shelf]

    def lock_rows(self, shelves: Iterable[Shelf], sql: str) -> list[Shelf]:
        """Lock these levels as ``sql`` says, if it does; where it does not say in which order, PostgreSQL
        promises none, and every second transaction has bad luck."""
        rows = ordered(shelves, sql)
        if rows is None:
            rows = sorted(shelves, reverse=self.me % 2 == 1)
        if "FOR UPDATE" in sql:
            for shelf in rows:
                self.lock(shelf)
        return rows

    def write(self, shelf: Shelf, row: tuple[int, ...]) -> None:
        if self.nets.check and not all(holds(c.condition, row) for c in CHECKS):
            raise IntegrityError("a CHECK of the levels")
        self.levels[shelf] = row

    def rows(self, keys: Iterable[UUID]) -> list[Held]:
        """The reservations of these demands, as a statement that begins now sees them."""
        keys = set(keys)
        seen = {r.pk: r for r in self.step(lambda: tuple(r for r in self.world.held if r.demand_key in keys))}
        mine = {pk: row for pk, row in self.held.items() if row.demand_key in keys}
        return sorted({**seen, **mine}.values(), key=lambda row: row.pk)

    def insert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            pk = 1000 * (self.me + 1) + len(self.held)
            self.held[pk] = Held(
                pk, row["demand_key"], row["item_id"], row["location_id"], row["quantity"], row.get("state", "firm")
            )  # fmt: skip

    def commit(self) -> None:
        def do() -> None:
            self.world = replace(
                self.world,
                levels=tuple(sorted({**dict(self.world.levels), **self.levels}.items())),
                held=tuple(sorted({**{r.pk: r for r in self.world.held}, **self.held}.values(), key=lambda r: r.pk)),
            )  # fmt: skip
            self.end("committed")

        self.step(do)

    def end(self, how: str) -> None:
        """It lets go of its locks; how it came there is of no matter any more."""
        self._mine(Own(end=how))
        self.world = replace(self.world, locks=tuple(k for k in self.world.locks if k[1] != self.me))


# ---------------------------------------------------------------------------------- what is read from the code

CHECKS = [c for c in StockLevel._meta.constraints if isinstance(c, CheckConstraint)]


def holds(condition: Any, row: Sequence[int]) -> bool:
    """A condition of the model (``a >= b + c``) for a row."""
    assert isinstance(condition, Q) and not condition.negated and condition.connector == Q.AND
    names = dict(zip(COLUMNS, row, strict=True))

    def value(side: Any) -> int:
        if isinstance(side, CombinedExpression):
            assert side.connector == "+"
            return value(side.lhs) + value(side.rhs)
        return names[side.name] if isinstance(side, F) else side

    for left, right in condition.children:
        column, _, how = left.partition("__")
        assert how == "gte", left
        if names[column] < value(right):
            return False
    return True


def ordered(shelves: Iterable[Shelf], sql: str) -> list[Shelf] | None:
    """The shelves as the ORDER BY of the locking part of the statement has them."""
    found = re.search(r"ORDER BY (.*?)\s+FOR UPDATE", sql, re.DOTALL)
    if not found:
        return None
    keys = re.findall(r"\b(item_id|location_id)\b\W*\s*(DESC)?", found[1])
    assert keys, found[1]
    return sorted(
        shelves,
        key=lambda s: [
            (-1 if down else 1) * s[("item_id", "location_id").index(column)] for column, down in keys
        ],
    )


@cache
def condition(sql: str, start: str, end: str) -> Callable[..., Any]:
    """What stands between two words of the SQL, as Python: our arithmetic reads the same in both."""
    found = re.search(rf"{start}(.*?){end}", sql, re.DOTALL)
    text = " ".join(found[1].split()) if found else ""
    text = re.sub(r"^AND ", "", text).replace(" AND ", " and ") or "True"
    code = compile(text, f"<{text}>", "eval")
    return lambda **rows: eval(code, {}, rows)


def named(row: Sequence[int]) -> SimpleNamespace:
    return SimpleNamespace(**dict(zip(COLUMNS, row, strict=True)))


class _Cursor:
    """Answers the three statements that lock and write levels."""

    def __init__(self, session: Session):
        self.session = session
        self.found: list[tuple[int, ...]] = []

    def __enter__(self) -> _Cursor:
        return self

    def __exit__(self, *exc: object) -> None: ...

    def fetchall(self) -> list[tuple[int, ...]]:
        return self.found

    def execute(self, sql: str, params: Sequence[Any]) -> None:
        if "UPDATE inventory_stocklevel" in sql:
            self.found = self._update(sql, params)
        elif sql.lstrip().startswith("SELECT s.item_id"):
            self.found = self._free(sql, params[0])
        elif sql.lstrip().startswith("SELECT item_id, location_id"):
            self.found = self._locked(sql, *params)
        else:
            raise NotImplementedError(sql)

    def _update(self, sql: str, params: Sequence[Any]) -> list[tuple[int, ...]]:
        guard = condition(sql, r"WHERE l\.id = k\.id", "RETURNING")
        wanted = {
            (item, place): SimpleNamespace(on_hand=on_hand, reserved=reserved, unavailable=aside)
            for item, place, on_hand, reserved, aside in zip(*params, strict=True)
        }
        seen = self.session.snapshot(wanted.__contains__)
        written = []
        for shelf in self.session.lock_rows([s for s in wanted if s in seen], sql):
            self.session.lock(shelf)  # the UPDATE itself locks what it writes
            row, change = named(self.session.now(shelf)), wanted[shelf]
            # Both must pass: the row as the statement saw it, and as it is once the lock is there.
            if guard(l=named(seen[shelf]), k=change) and guard(l=row, k=change):
                self.session.write(
                    shelf,
                    (row.on_hand + change.on_hand, row.reserved + change.reserved,
                     row.unavailable + change.unavailable, row.safety_stock),
                )  # fmt: skip
                written.append(shelf)
        return written

    def _free(self, sql: str, items: Sequence[int]) -> list[tuple[int, ...]]:
        fits = condition(sql, r"ANY\(%s::bigint\[\]\)", r"(?:ORDER BY|FOR UPDATE|$)")
        free = condition(sql, r"s\.location_id,", "FROM")
        seen = self.session.snapshot(lambda shelf: shelf[0] in items)
        rows = [s for s in seen if fits(s=named(seen[s]))]
        found = []
        for shelf in self.session.lock_rows(rows, sql):
            now = named(self.session.now(shelf) if "FOR UPDATE" in sql else seen[shelf])
            if fits(s=now):
                found.append((*shelf, free(s=now)))
        return found

    def _locked(self, sql: str, items: Sequence[int], places: Sequence[int]) -> list[tuple[int, ...]]:
        free = condition(sql, r"location_id,", "FROM")
        seen = self.session.snapshot(lambda shelf: shelf[0] in items and shelf[1] in places)
        rows = {shelf: self.session.now(shelf) for shelf in self.session.lock_rows(seen, sql)}
        return [(*shelf, free(**dict(zip(COLUMNS, row, strict=True)))) for shelf, row in rows.items()]


@contextmanager
def answered() -> Iterator[list[Session]]:
    """The actions ask the session in this list in place of the database."""
    asking: list[Session] = []

    def holdings(keys: Iterable[UUID], *, lock: bool = False) -> dict[UUID, list[Any]]:
        found: dict[UUID, list[Any]] = {key: [] for key in keys}
        for row in asking[0].rows(found) if found else ():
            if row.state in {"firm", "backordered"}:
                if lock:
                    asking[0].lock(("reservation", row.pk))
                found[row.demand_key].append(SimpleNamespace(**vars(row), promised_at=NOW))
        return found

    def firm_units(keys: Iterable[UUID]) -> list[tuple[UUID, int, int, int]]:
        rows = asking[0].rows(keys)
        return [(r.demand_key, r.item_id, r.location_id or 0, r.quantity) for r in rows if r.state == "firm"]

    def write(rows: Iterable[Any], **changes: str) -> None:
        for row in rows:
            written = {name: getattr(row, name) for name in Held.__dataclass_fields__}
            asking[0].held[row.pk] = Held(**{**written, **changes})

    def insert(model: type, rows: Sequence[Mapping[str, Any]]) -> None:
        if model is Reservation:
            asking[0].insert(rows)

    ends = {"release": "released", "consume": "consumed"}
    asks: Mapping[str, Any] = {
        "prepared": lambda: _Cursor(asking[0]),
        "in_transaction": lambda: True, "emit": lambda events, by: None,
        "holdings": holdings, "firm_units": firm_units, "insert": insert,
        "move": lambda rows, verb, **kwargs: write(rows, state=ends[verb]),
        "write_columns": lambda rows, *names: write(rows),
    }  # fmt: skip
    with ExitStack() as stack:
        for module in (move_stock, fit_reservations, reseat, consume_reservations):
            for name, fake in asks.items():
                if hasattr(module, name):
                    stack.enter_context(patch.object(module, name, fake))
        yield asking


# --------------------------------------------------------------------------------------------- the exploration


def advance(asking: list[Session], world: World, me: int, work: Work, nets: Nets) -> World | None:
    """The world after one more step of a transaction; ``None`` where it waits for another's lock."""
    asking[:] = [session := Session(world, me, nets)]
    try:
        work(session)
        session.commit()
    except _Pause:
        pass
    except Waits:
        return None
    except (Refused, IntegrityError) as error:
        session.end(type(error).__name__)
    return session.world


@dataclass
class Explored:
    """What was found: how many worlds and steps, how many whole interleavings they stand for, how they end
    and what of it breaks a law."""

    worlds: int = 0
    steps: int = 0
    interleavings: int = 0
    deadlocks: int = 0
    ends: Counter[tuple[str, ...]] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


def explore(start: World, works: Sequence[Work], nets: Nets, law: Callable[[World], str]) -> Explored:
    """Every interleaving of the transactions, each world looked at once. ``law`` names what is wrong with a world."""
    found = Explored()
    ways: dict[World, int] = {}

    def visit(world: World) -> int:
        if world in ways:
            return ways[world]
        found.worlds += 1
        if wrong := law(world):
            found.broken.append(wrong)
        open_ = [me for me, own in enumerate(world.own) if not own.end]
        if not open_:
            found.ends[tuple(own.end for own in world.own)] += 1
            ways[world] = 1
            return 1
        ahead = (advance(asking, world, me, works[me], nets) for me in open_)
        following = [after for after in ahead if after is not None]
        found.steps += len(following)
        if not following:
            found.deadlocks += 1
        ways[world] = sum(visit(after) for after in following)
        return ways[world]

    with answered() as asking:
        found.interleavings = visit(replace(start, own=(Own(),) * len(works)))
    return found


Turn = tuple[World, frozenset[int]]
"""A world, and who waits in it in the midst of a statement."""


def follow(start: World, works: Sequence[Work], nets: Nets, turns: Sequence[int]) -> set[World]:
    """The ends of one order of turns. In its turn a transaction begins its next statement and carries it out, or waits
    in it for a lock; it goes on by itself when the lock comes free. Who still waits at the end has its turns then.

    Where several waited for one lock, PostgreSQL does not promise it to the first: who waits for a row that was changed
    meanwhile looks for its newest version, and another may get there before. So there may be several ends.
    """

    def settled(world: World, busy: frozenset[int]) -> set[Turn]:
        """Where it can come to when those in the midst of a statement go on, until each has ended it or waits."""
        found: set[Turn] = set()
        seen = {(world, busy)}
        ahead = [(world, busy)]
        while ahead:
            world, busy = ahead.pop()
            waits = True
            for me in busy:
                after = advance(asking, world, me, works[me], nets)
                if after is None:
                    continue
                waits = False
                over = after.own[me].end or asking[0].begins
                following = (after, busy - {me} if over else busy)
                if following not in seen:
                    seen.add(following)
                    ahead.append(following)
            if waits:
                found.add((world, busy))
        return found

    with answered() as asking:
        reached: set[Turn] = {(replace(start, own=(Own(),) * len(works)), frozenset())}
        for me in (*turns, *list(range(len(works))) * 20):
            reached = {
                after
                for world, waiting in reached
                for after in (
                    [(world, waiting)]
                    if me in waiting or world.own[me].end
                    else settled(world, waiting | {me})
                )
            }
    return {world for world, _ in reached}
