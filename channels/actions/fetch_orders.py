"""What a channel has for us, at once: changed orders, what its webhooks named, and all of it taken in."""

from __future__ import annotations

from channels.actions.ingest import ingest
from channels.actions.pull import pull, read_hints
from channels.models import ChannelAccount


def fetch_orders(account: ChannelAccount) -> dict[str, int]:
    """Returns figures: ``placed``, ``changed``, ``parked``. Calls the channel, so never in a transaction.
    Raises ``Retry`` or ``Permanent``; what came till then is kept and taken in by the clock."""
    pull(account)
    while read_hints(account):
        pass
    return take_in(account)


def take_in(account: ChannelAccount) -> dict[str, int]:
    """Everything of this account that is stored and waits, batch after batch."""
    figures = {"placed": 0, "changed": 0, "parked": 0}
    while (done := ingest(account))["read"] or done["parked"]:
        for key in figures:
            figures[key] += done[key]
    return figures
