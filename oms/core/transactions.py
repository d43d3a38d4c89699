"""Are we inside a transaction of our own?"""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, connections


def in_transaction(using: str = DEFAULT_DB_ALIAS) -> bool:
    """True inside ``atomic()``; the block that a test case wraps around each test does not count,
    just as Django leaves it out for ``atomic(durable=True)``."""
    blocks = getattr(connections[using], "atomic_blocks", [])
    return any(not block._from_testcase for block in blocks)
