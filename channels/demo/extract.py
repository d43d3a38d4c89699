"""Cut the demo's fortnight out of the whole Online Retail file.

``python -m channels.demo.extract PATH [OUT]``. Kept is every line of 24 January to 6 February 2011 (London
dates), whatever its rule, except the lines of large wholesale orders: more than 60 lines of goods, or more
than 600 pieces, which go by pallet and would only make the demo slow. The same PATH gives the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from channels.demo import retail

FIRST_DAY = date(2011, 1, 24)
LAST_DAY = date(2011, 2, 6)
MOST_LINES = 60
MOST_UNITS = 600
EXTRACT = Path(__file__).parent / "data" / "online_retail_fortnight.csv.gz"


def fortnight(path: Path | str) -> Iterator[list[str]]:
    """The file's rows between the two days, in file order."""
    first, last = FIRST_DAY.isoformat(), LAST_DAY.isoformat()
    for row in retail.rows(path):
        if first <= row[4][:10] <= last:
            yield row


def too_large(order: retail.Order) -> bool:
    return len(order.lines) > MOST_LINES or order.units > MOST_UNITS


def extract(path: Path | str) -> list[list[str]]:
    """The rows to keep. Raises :class:`retail.NotOnlineRetail`."""
    kept = list(fortnight(path))
    large = {
        order.number
        for order in retail.read_rows(kept, retail.Account())
        if isinstance(order, retail.Order) and too_large(order)
    }
    return [row for row in kept if row[0] not in large]


def write(rows: list[list[str]], path: Path) -> None:
    """Gzip without a time or a name inside, so that the bytes depend on the rows alone."""
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\n")
    out.writerow(retail.COLUMNS)
    out.writerows(rows)
    path.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


def main(arguments: list[str]) -> int:
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write("usage: python -m channels.demo.extract PATH [OUT]\n")
        return 2
    out = Path(arguments[1]) if len(arguments) == 2 else EXTRACT
    rows = extract(arguments[0])
    write(rows, out)
    sys.stdout.write(f"{len(rows)} lines, {out.stat().st_size} bytes: {out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
