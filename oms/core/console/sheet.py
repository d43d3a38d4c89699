"""A list as a CSV file: the rows and columns that are on the screen, all pages of them.

The file is sent while it is made, a thousand rows at a time by the list's key, so that a list of a million rows
takes no more memory than a page. What people need not see is shortened as on the screen, and no cell can be
taken for a formula by a spreadsheet.
"""

from __future__ import annotations

import csv
import html
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from django.db import models
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.text import slugify
from django.utils.translation import gettext

from oms.core.console import shown
from oms.core.console.listing import KeysetList
from oms.core.console.veils import veil_rows

ROWS = 1000
BOM = "\ufeff"
"""Without it spreadsheets take UTF-8 for something older."""

FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""How a text begins that a spreadsheet would carry out."""


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def answer(page: Any, cl: KeysetList, user: Any) -> StreamingHttpResponse:
    """The file of a list as it is filtered, searched and queued, named after it and the day."""
    zone = timezone.get_current_timezone()  # a person's zone ends with her request, the file is sent after it
    day = timezone.localtime(timezone=zone).date()
    name = slugify(cl.queue.title if cl.queue else page.opts.verbose_name_plural) or str(page.opts.model_name)
    return StreamingHttpResponse(
        lines(page, cl, user, zone), content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}-{day.isoformat()}.csv"'},
    )  # fmt: skip


def lines(page: Any, cl: KeysetList, user: Any, zone: tzinfo) -> Iterator[str]:
    writer = csv.writer(_Echo())
    columns = [(name, page.csv_fields.get(name)) for name in page.list_display]
    yield BOM + writer.writerow(
        [safe(label) for name, fields in columns for label in _labels(page, name, fields)]
    )
    for rows in cl.whole(ROWS):
        made = []
        veil_rows(user, rows)
        for row in rows:
            made.append(writer.writerow(
                [safe(plain(value, zone)) for name, fields in columns for value in _values(page, row, name, fields)]
            ))  # fmt: skip
        yield "".join(made)


def _labels(page: Any, name: str, fields: Sequence[str] | None) -> Iterable[str]:
    if fields is None:
        return [page._label(name)]
    return [
        page._label(name) if i == 0 else shown.spoken(field.rpartition(".")[2])
        for i, field in enumerate(fields)
    ]


def _values(page: Any, row: Any, name: str, fields: Sequence[str] | None) -> Iterable[Any]:
    if fields is None:
        return [_value(page, row, name)]
    return [row.veil(_reach(row, path)) for path in fields]


def _reach(row: Any, path: str) -> Any:
    for part in path.split("."):
        row = getattr(row, part, None)
    return row


def _value(page: Any, row: Any, name: str) -> Any:
    field, value = page.value(row, name)
    if field is not None and field.flatchoices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(field, models.JSONField):
        return json.dumps(value, ensure_ascii=False, default=str) if value else ""
    return value


def plain(value: Any, zone: tzinfo) -> str | int | Decimal:
    """A value for a program or a spreadsheet: times in ISO with their zone, amounts as numbers, no markup."""
    if value is None or value == shown.NOTHING:
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _tidy(value)
    if isinstance(value, int | float):
        return str(value) if isinstance(value, float) else int(value)
    # A badge or a link of ours: its words. Text of others is kept as it is, angle brackets and all.
    return html.unescape(strip_tags(value)) if hasattr(value, "__html__") else str(value)


def _tidy(amount: Decimal) -> Decimal:
    """``12.5000`` as ``12.50``: what is finer than two digits stays, since it is a finding."""
    short = amount.normalize()
    return (
        short
        if not amount.is_finite() or -int(short.as_tuple().exponent) > 2
        else amount.quantize(Decimal("0.01"))
    )


def safe(value: str | int | Decimal) -> str:
    """A text that would be a formula gets an apostrophe before it; numbers stay numbers."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int):
        return str(value)
    return f"'{value}" if value.lstrip(" ").startswith(FORMULA) else value
