"""Our own end-of-day list: what the driver takes, counted, weighed and signed for, on A4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, PageBreak, Spacer, Table

from fulfillment.documents import paper
from fulfillment.documents.paper import FAINT, INK, LINE, Barcode, Part, TickBox, text
from oms.core.saying import in_house


@dataclass(frozen=True)
class ManifestLine:
    """``to`` is the recipient's town and country; ``weight_g`` 0 where unknown."""

    tracking_number: str
    order_number: str
    service: str
    to: str
    weight_g: int


@dataclass(frozen=True)
class ManifestSheet:
    """``sender`` is ready lines, the name first."""

    number: str
    carrier: str
    sender: tuple[str, ...]
    made_at: datetime
    lines: tuple[ManifestLine, ...]


@in_house()
def manifests(sheets: Sequence[ManifestSheet]) -> bytes:
    """One PDF of A4 pages; each list starts on a new page and counts its own."""
    story: list[Flowable] = []
    for place, sheet in enumerate(sheets):
        story += [PageBreak()] if place else []
        story += [Part(place, f"{_title(sheet)} · {sheet.carrier}"), *_sheet(sheet)]
    title = _title(sheets[0]) if len(sheets) == 1 else gettext("Manifests (%(n)s)") % {"n": len(sheets)}
    return paper.print_a4(title, "", story)


def _title(sheet: ManifestSheet) -> str:
    return gettext("Manifest %(number)s") % {"number": sheet.number}


def _sheet(sheet: ManifestSheet) -> list[Flowable]:
    kilos = sum(line.weight_g for line in sheet.lines) / 1000
    count = len(sheet.lines)
    parcels = ngettext("%(n)s parcel", "%(n)s parcels", count) % {"n": count}
    left: list[Flowable] = [
        text(gettext("Manifest"), 17, bold=True),
        text(sheet.carrier or gettext("No carrier named"), 13, bold=True),
        text(f"{parcels}, {kilos:.2f} kg", 11),
        text(date_format(sheet.made_at, "j F Y, H:i"), 8, color=FAINT),
        Spacer(0, 2 * mm),
        *paper.lines_of(gettext("Handed over at"), sheet.sender),
    ]
    right: list[Flowable] = [Barcode(sheet.number, 80 * mm, 13 * mm, align="right")]
    plain = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ]
    head = Table([[left, right]], colWidths=[paper.room() - 80 * mm, 80 * mm], style=plain)
    signed = [
        [text("_" * 34, 9), text(f"{name} · {gettext('name, date, signature')}", 7.5, color=FAINT)]
        for name in (gettext("Handed over"), gettext("Taken over by the driver"))
    ]
    foot = Table([signed], colWidths=[paper.room() / 2] * 2, style=plain)
    return [head, Spacer(0, 6 * mm), _table(sheet.lines), Spacer(0, 14 * mm), KeepTogether([foot])]


def _table(lines: Sequence[ManifestLine]) -> Table:
    sizes = [9 * mm, 0.0, 40 * mm, 38 * mm, 18 * mm]
    sizes[1] = paper.room() - sum(sizes)
    heads = ("", gettext("Tracking number"), gettext("Order"), gettext("To"), "kg")
    rows: list[list[Flowable]] = [[text(head, 8, color=FAINT, right=n == 4) for n, head in enumerate(heads)]]
    for line in lines:
        rows.append(
            [
                TickBox(),
                [text(line.tracking_number or gettext("without tracking"), bold=True), text(line.service, 7.5, color=FAINT)],
                text(line.order_number), text(line.to),
                text(f"{line.weight_g / 1000:.2f}" if line.weight_g else "?", right=True),
            ]
        )  # fmt: skip
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, 0), 1, INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE), ("LEFTPADDING", (0, 0), (0, -1), 0),
    ]  # fmt: skip
    return Table(rows, colWidths=sizes, repeatRows=1, style=style, splitInRow=1)
