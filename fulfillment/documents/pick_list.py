"""The pick list: what to fetch, in the order of the shelves, for one or for many fulfilment orders at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, PageBreak, Spacer, Table

from fulfillment.documents import paper
from fulfillment.documents.paper import FAINT, LINE, SHADE, Barcode, Part, TickBox, text
from oms.core.saying import in_house


@dataclass(frozen=True)
class PickLine:
    """One line of one fulfilment order. ``shelf`` is the place in the warehouse, ``barcode`` the item's,
    ``lot`` where one has to be taken from it."""

    order_number: str
    number: str
    sku: str
    title: str
    quantity: int
    shelf: str = ""
    barcode: str = ""
    lot: str = ""
    note: str = ""


@dataclass(frozen=True)
class PickList:
    """``number`` is the list's own and its barcode; ``made_at`` in the warehouse's time."""

    number: str
    location: str
    lines: tuple[PickLine, ...]
    made_at: datetime | None = None
    picker: str = ""


@in_house()
def pick_lists(lists: Sequence[PickList]) -> bytes:
    """One PDF of A4 pages; each list starts on a new page."""
    story: list[Flowable] = []
    for place, one in enumerate(lists):
        story += [PageBreak()] if place else []
        story += [Part(place, f"{_title(one)} · {one.location}"), *_list(one)]
    title = _title(lists[0]) if len(lists) == 1 else gettext("Pick lists (%(n)s)") % {"n": len(lists)}
    return paper.print_a4(title, "", story)


def _title(one: PickList) -> str:
    return gettext("Pick list %(number)s") % {"number": one.number}


def _list(one: PickList) -> list[Flowable]:
    groups = _groups(one.lines)
    orders = {line.number: line.order_number for line in one.lines}
    pieces = sum(line.quantity for line in one.lines)
    facts = [
        ngettext("%(n)s order", "%(n)s orders", len(orders)) % {"n": len(orders)},
        ngettext("%(n)s item", "%(n)s items", len(groups)) % {"n": len(groups)},
        ngettext("%(n)s piece", "%(n)s pieces", pieces) % {"n": pieces},
    ]
    left: list[Flowable] = [text(gettext("Pick list"), 17, bold=True), text(one.location, 12, bold=True)]
    left.append(text(" · ".join(facts), 9.5))
    if one.made_at:
        left.append(
            text(gettext("Made %(at)s") % {"at": date_format(one.made_at, "j F Y, H:i")}, 8, color=FAINT)
        )
    left.append(text(gettext("Picked by %(name)s") % {"name": one.picker or "_" * 28}, 9.5))
    right = [Barcode(one.number, 80 * mm, 13 * mm, align="right")]
    head = Table(
        [[left, right]],
        colWidths=[paper.room() - 80 * mm, 80 * mm],
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, 0), 0),
            ("RIGHTPADDING", (0, 0), (-1, 0), 0),
        ],
    )
    story = [head, Spacer(0, 5 * mm), _table(groups, many=len(orders) > 1)]
    return [*story, Spacer(0, 6 * mm), _orders(orders, one.lines)] if len(orders) > 1 else story


def _groups(lines: Sequence[PickLine]) -> list[list[PickLine]]:
    """What lies in one place is fetched once, whoever gets it; in the order in which shelves are walked."""
    found: dict[tuple[str, str, str], list[PickLine]] = {}
    for line in lines:
        found.setdefault((line.shelf, line.sku, line.lot), []).append(line)
    return [
        found[key] for key in sorted(found, key=lambda key: (not key[0], _natural(key[0]), _natural(key[1])))
    ]


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """A-2 before A-10."""
    return [
        (not part.isdigit(), int(part) if part.isdigit() else 0, part.casefold())
        for part in re.findall(r"\d+|\D+", name)
    ]


def _table(groups: Sequence[Sequence[PickLine]], *, many: bool) -> Table:
    sizes = [8 * mm, 25 * mm, 0.0, 46 * mm, 17 * mm]
    sizes[2] = paper.room() - sum(sizes)
    heads = ("", gettext("Shelf"), gettext("Item"), gettext("Barcode"), gettext("Pick"))
    rows: list[list[object]] = [[text(head, 8, color=FAINT, right=n == 4) for n, head in enumerate(heads)]]
    for group in groups:
        first, total = group[0], sum(line.quantity for line in group)
        code: Flowable | str = Barcode(first.barcode, 42 * mm, 8 * mm) if first.barcode else ""
        rows.append(
            [
                TickBox(),
                text(first.shelf or "–", 11, bold=True),
                _item(group, many),
                code,
                text(str(total), 15, bold=True, right=True),
            ]
        )
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 1, LINE),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), (None, SHADE)),
        ("LEFTPADDING", (0, 0), (0, -1), 2),
        ("TOPPADDING", (0, 1), (-1, -1), 5),
        ("BOTTOMPADDING", (0, 1), (-1, -1), 6),
        ("TOPPADDING", (-1, 1), (-1, -1), 1),
    ]
    return Table(rows, colWidths=sizes, repeatRows=1, style=style, splitInRow=1)


def _item(group: Sequence[PickLine], many: bool) -> list[Flowable]:
    first = group[0]
    told: list[Flowable] = [text(first.title or first.sku, 10, bold=True)]
    told.append(
        text(
            " · ".join(filter(None, (first.sku, first.lot and gettext("lot %(lot)s") % {"lot": first.lot}))),
            8,
            color=FAINT,
        )
    )
    if many:
        shares = ", ".join(f"{line.order_number}\u00a0×\u00a0{line.quantity}" for line in group)
        told.append(text(gettext("for %(orders)s") % {"orders": shares}, 8))
    told += [text(line.note, 8.5, bold=True) for line in group if line.note]
    return told


def _orders(orders: dict[str, str], lines: Sequence[PickLine]) -> Table:
    """The orders of the list, to tick off when they are packed."""
    heads = ("", gettext("Order"), gettext("Pieces"), gettext("To scan"))
    rows: list[list[object]] = [[text(head, 8, color=FAINT) for head in heads]]
    for number, order in orders.items():
        pieces = sum(line.quantity for line in lines if line.number == number)
        rows.append(
            [TickBox(), text(order, 10, bold=True), text(str(pieces)), Barcode(number, 70 * mm, 8 * mm)]
        )
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 1, LINE),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
        ("LEFTPADDING", (0, 0), (0, -1), 2),
    ]
    sizes = [8 * mm, paper.room() - 8 * mm - 20 * mm - 80 * mm, 20 * mm, 80 * mm]
    return Table(rows, colWidths=sizes, repeatRows=1, style=style, hAlign="LEFT")
