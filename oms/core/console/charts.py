"""Small bar charts, drawn on the server as SVG: each bar leads to what it counts."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from oms.core.console.registry import Day
from oms.core.words import Words

HEIGHT, BAR, GAP = 36, 9, 3


def bars(title: Words, days: Sequence[Day]) -> SafeString:
    most = max((day.count for day in days), default=0) or 1
    width = len(days) * (BAR + GAP)
    drawn = format_html_join(
        "",
        '<a href="{}" aria-label="{}"><title>{}</title><rect class="hit" x="{}" y="0" width="{}" height="{}"/>'
        '<rect class="bar{}" x="{}" y="{}" width="{}" height="{}" rx="1.5"/></a>',
        (
            (
                day.link, f"{date_format(day.day, 'D j M')}: {day.count}", f"{date_format(day.day, 'D j M')}: {day.count}",
                i * (BAR + GAP), BAR + GAP, HEIGHT,
                " today" if i == len(days) - 1 else "", i * (BAR + GAP) + 1, HEIGHT - _tall(day.count, most), BAR,
                _tall(day.count, most),
            )
            for i, day in enumerate(days)
        ),
    )  # fmt: skip
    return format_html(
        '<svg class="bars" viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>',
        width, HEIGHT, gettext("%(title)s, the last %(days)s days") % {"title": title, "days": len(days)}, drawn,
    )  # fmt: skip


def _tall(count: int, most: int) -> float:
    return max(2.0, round(count / most * (HEIGHT - 2), 1)) if count else 1.0
