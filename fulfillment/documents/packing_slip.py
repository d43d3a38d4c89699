"""The packing slip: what is in the box, for whom it is. Prices are on it only when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable, Image, KeepTogether, PageBreak, Spacer, Table

from fulfillment.documents import paper
from fulfillment.documents.paper import FAINT, LINE, SHADE, Barcode, Company, Part, TickBox, text
from oms.core.saying import in_house


@dataclass(frozen=True)
class SlipLine:
    """``ordered`` is what the customer ordered of it in all, where that is more than ``quantity``. ``price`` and
    ``total`` are ready to print (``£4.50``) and appear only with ``prices=True``. ``parts`` are what a kit is
    made of."""

    sku: str
    title: str
    quantity: int
    ordered: int | None = None
    options: str = ""
    parts: tuple[str, ...] = ()
    price: str = ""
    total: str = ""


@dataclass(frozen=True)
class PackingSlip:
    """``number`` is the fulfilment order's, and the barcode. Addresses are ready lines, the name first.
    ``note`` is the customer's; ``message`` is the shop's own line at the end."""

    number: str
    order_number: str
    company: Company
    ship_to: tuple[str, ...]
    lines: tuple[SlipLine, ...]
    ordered_on: date | None = None
    bill_to: tuple[str, ...] = ()
    service: str = ""
    shop: str = ""
    parcel: str = ""
    note: str = ""
    message: str = ""


@in_house()
def packing_slips(slips: Sequence[PackingSlip], *, prices: bool = False) -> bytes:
    """One PDF of A4 pages; each slip starts on a new page and counts its own."""
    story: list[Flowable] = []
    for place, slip in enumerate(slips):
        story += [PageBreak()] if place else []
        story += _slip(place, slip, prices)
    author = slips[0].company.name if slips else ""
    title = (
        gettext("Packing slip %(number)s") % {"number": slips[0].order_number}
        if len(slips) == 1
        else gettext("Packing slips (%(n)s)") % {"n": len(slips)}
    )
    return paper.print_a4(title, author, story)


def _slip(place: int, slip: PackingSlip, prices: bool) -> list[Flowable]:
    story: list[Flowable] = [
        Part(place, f"{slip.company.name} · {_order(slip)} · {slip.number}"),
        _head(slip),
        Spacer(0, 7 * mm),
        _addresses(slip),
        Spacer(0, 6 * mm),
    ]
    if slip.note:
        story += [_note(slip.note), Spacer(0, 5 * mm)]
    story += [_lines(slip, prices), Spacer(0, 3 * mm), _sum(slip)]
    if slip.message:
        story += [Spacer(0, 8 * mm), KeepTogether([text(slip.message, 10)])]
    return story


def _order(slip: PackingSlip) -> str:
    return gettext("Order %(number)s") % {"number": slip.order_number}


def _head(slip: PackingSlip) -> Table:
    left: list[Flowable] = []
    if slip.company.logo:
        left += [_logo(slip.company.logo), Spacer(0, 2 * mm)]
    left.append(text(slip.company.name, 13, bold=True))
    left += [text(line, 8, color=FAINT) for line in slip.company.lines]
    facts = [_order(slip)]
    if slip.ordered_on:
        facts.append(gettext("Ordered %(day)s") % {"day": date_format(slip.ordered_on, "j F Y")})
    facts += [fact for fact in (slip.shop, slip.service, slip.parcel) if fact]
    right: list[Flowable] = [text(gettext("Packing slip"), 17, bold=True, right=True), Spacer(0, 1.5 * mm)]
    right += [text(fact, 9.5, bold=not place, right=True) for place, fact in enumerate(facts)]
    right += [Spacer(0, 2.5 * mm), Barcode(slip.number, 80 * mm, 11 * mm, align="right")]
    return _columns([left, right], [paper.room() - 80 * mm, 80 * mm])


def _logo(content: bytes) -> Image:
    wide, high = ImageReader(BytesIO(content)).getSize()
    scale = min(55 * mm / wide, 18 * mm / high)
    return Image(BytesIO(content), wide * scale, high * scale, hAlign="LEFT")


def _addresses(slip: PackingSlip) -> Table:
    blocks = [paper.lines_of(gettext("Deliver to"), slip.ship_to, 10.5)]
    if slip.bill_to and slip.bill_to != slip.ship_to:
        blocks.append(paper.lines_of(gettext("Bill to"), slip.bill_to))
    return _columns(blocks + [[]] * (2 - len(blocks)), [paper.room() / 2] * 2)


def _columns(blocks: Sequence[Sequence[Flowable]], widths: Sequence[float]) -> Table:
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), *_no_padding()]
    return Table([[list(block) for block in blocks]], colWidths=widths, style=style, splitInRow=1)


def _note(note: str) -> Table:
    style = [("BACKGROUND", (0, 0), (-1, -1), SHADE), ("LINEBEFORE", (0, 0), (0, -1), 2, FAINT)]
    style += [
        ("LEFTPADDING", (0, 0), (-1, -1), 9),
        ("TOPPADDING", (0, 0), (0, 0), 5),
        ("BOTTOMPADDING", (0, 0), (0, 0), 0),
    ]
    style += [("TOPPADDING", (0, 1), (0, 1), 1), ("BOTTOMPADDING", (0, 1), (0, 1), 8)]
    rows = [[text(gettext("The customer's note"), 7.5, color=FAINT)], [text(note, 10)]]
    return Table(rows, colWidths=[paper.room()], style=style, splitInRow=1)


def _lines(slip: PackingSlip, prices: bool) -> Table:
    heads = ["", gettext("Item"), gettext("Quantity")] + (
        [gettext("Price"), gettext("Total")] if prices else []
    )
    sizes = [9 * mm, 0.0, 24 * mm] + ([24 * mm, 26 * mm] if prices else [])
    sizes[1] = paper.room() - sum(sizes)
    rows: list[list[object]] = [
        [text(head, 8, color=FAINT, right=place > 1) for place, head in enumerate(heads)]
    ]
    for line in slip.lines:
        row: list[object] = [TickBox(), _item(line), _quantity(line)]
        if prices:
            row += [text(line.price, right=True), text(line.total, right=True)]
        rows.append(row)
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 1, LINE),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 1), (-1, -1), 5),
        ("BOTTOMPADDING", (0, 1), (-1, -1), 6),
    ]
    return Table(rows, colWidths=sizes, repeatRows=1, style=style, splitInRow=1)


def _item(line: SlipLine) -> list[Flowable]:
    told: list[Flowable] = [text(line.title or line.sku, 10, bold=True)]
    second = " · ".join(filter(None, (line.sku, line.options)))
    told.append(text(second, 8, color=FAINT))
    return told + [text(f"– {part}", 8, color=FAINT) for part in line.parts]


def _quantity(line: SlipLine) -> list[Flowable]:
    told: list[Flowable] = [text(str(line.quantity), 11, bold=True, right=True)]
    if line.ordered and line.ordered > line.quantity:
        told.append(text(gettext("of %(n)s ordered") % {"n": line.ordered}, 7.5, color=FAINT, right=True))
    return told


def _sum(slip: PackingSlip) -> Flowable:
    pieces = sum(line.quantity for line in slip.lines)
    words = ngettext("%(n)s piece in this delivery", "%(n)s pieces in this delivery", pieces) % {"n": pieces}
    if any(line.ordered and line.ordered > line.quantity for line in slip.lines):
        words = gettext("%(words)s; the rest comes separately") % {"words": words}
    return text(words, 8.5, color=FAINT, right=True)


def _no_padding() -> list[tuple[str, tuple[int, int], tuple[int, int], int]]:
    sides = ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")
    return [(side, (0, 0), (-1, -1), 0) for side in sides]
