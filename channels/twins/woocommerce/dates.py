"""Two clocks of a WordPress site: GMT and the site's own, both written without a zone, in whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

FORMAT = "%Y-%m-%dT%H:%M:%S"


def gmt(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(FORMAT)


@lru_cache(maxsize=20_000)
def local(stamp: str | None, zone: str) -> str | None:
    """A GMT stamp on the site's clock."""
    if not stamp:
        return None
    return datetime.strptime(stamp, FORMAT).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).strftime(FORMAT)


def boundary(text: str, zone: str) -> str:
    """A date argument as WordPress reads it: a value with a zone is moved to the SITE's clock.

    So it does even when the column compared is in GMT; who sends ``…Z`` with ``dates_are_gmt`` misses orders.
    """
    moment = datetime.fromisoformat(text.replace("z", "Z").replace(" ", "T").replace("Z", "+00:00"))
    if moment.tzinfo is not None:
        moment = moment.astimezone(ZoneInfo(zone))
    return moment.strftime(FORMAT)


def given(text: str) -> str:
    """A moment from the shopper's side, ISO with or without zone (then GMT), as a GMT stamp."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return gmt(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
