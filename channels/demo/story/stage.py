"""Where the story is played: the system's address, the parties around it, and the people who act."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.demo.hands import Desk, Party, Program, wait_for
from channels.demo.shapes import SHOPIFY, WOOCOMMERCE, Plan, PlannedOrder

PREFIXES = {WOOCOMMERCE: "W", SHOPIFY: "S"}
Row = dict[str, Any]


@dataclass
class Stage:
    """``logins``: role -> (username, password). ``say`` tells the watcher a line. ``patience`` in seconds is
    how long work that goes on by itself may take before it is missed."""

    base_url: str
    plan: Plan
    woocommerce: Party
    shopify: Party
    easypost: Party
    logins: Mapping[str, tuple[str, str]]
    say: Callable[[str], None]
    patience: float = 120.0
    _desks: dict[str, Desk] = field(default_factory=dict)
    _program: Program | None = None
    _token: int = 0

    # --- who acts ----------------------------------------------------------------------------------------

    def desk(self, role: str) -> Desk:
        """That person's desk; she logs in once."""
        if role not in self._desks:
            self._desks[role] = Desk(self.base_url, *self.logins[role])
        return self._desks[role]

    @property
    def program(self) -> Program:
        """The warehouse's own program, with a token that the manager made for it."""
        if self._program is None:
            made = self.desk("manager").ask_api("tokens", name="the story", scopes=["*"])
            self._program, self._token = Program(self.base_url, made["key"]), made["id"]
        return self._program

    def leave(self) -> None:
        """The story is over: its program's token is worth nothing from now on."""
        if self._token:
            self.desk("manager").ask_api(f"tokens/{self._token}/revoke")
            self._program, self._token = None, 0

    def shop(self, name: str) -> Party:
        return self.woocommerce if name == WOOCOMMERCE else self.shopify

    # --- what the system says ----------------------------------------------------------------------------

    def number(self, order: PlannedOrder) -> str:
        """Our number of it."""
        return f"{PREFIXES[order.shop]}-{order.number}"

    def row(self, number: str) -> Row | None:
        """The planned order with this number as a list shows it; ``None`` where it has not come in."""
        found = self.program.get("orders", number=self.number(self.plan.order(number)))["results"]
        return found[0] if found else None

    def order(self, number: str) -> Row | None:
        """The planned order with this number, whole."""
        found = self.row(number)
        return self.program.get(f"orders/{found['id']}") if found else None

    def works(self, order_id: int) -> list[Row]:
        """The work that stands on an order, oldest first, whole."""
        rows = sorted(self.program.each("fulfillment-orders", order=order_id), key=lambda row: row["id"])
        return [self.program.get(f"fulfillment-orders/{row['id']}") for row in rows]

    def every_order(self, **query: Any) -> Iterator[Row]:
        return self.program.each("orders", **query)

    def until(self, what: str, look: Callable[[], Any], *, state: Callable[[], str] | None = None) -> Any:
        """Wait for what the system does by itself."""
        return wait_for(what, look, seconds=self.patience, state=state)


def holds(order: Row, kind: str = "") -> list[Row]:
    """The holds in force on an order, of one type or of all."""
    return [hold for hold in order["holds"] if hold["state"] == "active" and kind in ("", hold["type"])]
