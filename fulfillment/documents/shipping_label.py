"""Our own shipping label of 4 by 6 inches, for parcels whose tracking number was typed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from django.utils.translation import gettext
from reportlab.lib.colors import black
from reportlab.lib.units import inch, mm
from reportlab.pdfgen.canvas import Canvas

from fulfillment.documents import fonts
from fulfillment.documents.paper import Barcode, draw_line
from oms.core.saying import in_house

WIDE, HIGH = 4 * inch, 6 * inch
EDGE = 5 * mm


@dataclass(frozen=True)
class ShippingLabel:
    """Addresses are ready lines, the name first. ``carrier`` and ``service`` as the shop calls them;
    ``reference`` is ours (order or parcel number); ``handling`` a short warning such as ``Fragile``."""

    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    carrier: str = ""
    service: str = ""
    tracking_number: str = ""
    reference: str = ""
    weight_g: int = 0
    handling: str = ""
    parcel: str = ""


@in_house()
def shipping_labels(labels: Sequence[ShippingLabel]) -> bytes:
    """One PDF, a page for each label."""
    fonts.ready()
    file = BytesIO()
    canvas = Canvas(file, pagesize=(WIDE, HIGH), invariant=1)
    canvas.setTitle(f"Shipping label {labels[0].reference}" if len(labels) == 1 else "Shipping labels")
    for label in labels:
        _draw(canvas, label)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _draw(canvas: Canvas, label: ShippingLabel) -> None:
    canvas.setFillColor(black)
    canvas.setStrokeColor(black)
    room = WIDE - 2 * EDGE
    y = _sender(canvas, label, room)
    _rule(canvas, y)
    bottom = 52 * mm
    _recipient(canvas, label, y, bottom, room)
    _rule(canvas, bottom)
    _foot(canvas, label, bottom, room)


def _rule(canvas: Canvas, y: float) -> None:
    canvas.setLineWidth(1.2)
    canvas.line(EDGE, y, WIDE - EDGE, y)


def _sender(canvas: Canvas, label: ShippingLabel, room: float) -> float:
    """The sender small at the top left, carrier and service in bold at the right; gives where it ends."""
    half = room * 0.56
    y = HIGH - EDGE - 8
    draw_line(canvas, EDGE, y, gettext("From"), 6.5)
    for place, line in enumerate(_kept(label.sender)[:6]):
        y -= 10
        draw_line(canvas, EDGE, y, line, 8, bold=place == 0, room=half)
    x, top = EDGE + half + 3 * mm, HIGH - EDGE - 15
    for words, size in ((label.carrier, 14), (label.service, 9.5)):
        if words:
            draw_line(canvas, x, top, words, size, bold=True, room=room - half - 3 * mm)
            top -= 14
    if label.weight_g:
        draw_line(canvas, x, top, f"{label.weight_g / 1000:.2f} kg", 9)
    return min(y, top) - 9


def _recipient(canvas: Canvas, label: ShippingLabel, top: float, bottom: float, room: float) -> None:
    """As large as the lines allow: this is what a driver reads."""
    lines = _kept(label.recipient)
    space = top - bottom - 16 - (20 if label.handling else 0)
    size = min(17.0, space / max(1, len(lines)) / 1.28)
    y = top - 13
    draw_line(canvas, EDGE, y, gettext("Deliver to"), 8)
    y -= 6
    for place, line in enumerate(lines):
        y -= size * 1.25
        draw_line(canvas, EDGE + 2 * mm, y, line, size, bold=place in (0, len(lines) - 1), room=room - 4 * mm)
    if label.handling:
        canvas.rect(EDGE, bottom + 5, room, 17, fill=1)
        canvas.setFillGray(1)
        words = label.handling.upper()
        size = min(11, 11 * (room - 8) / max(1.0, fonts.width(words, 11, True)))
        x = EDGE + (room - fonts.width(words, size, True)) / 2
        draw_line(canvas, x, bottom + 9.5, words, size, bold=True)
        canvas.setFillColor(black)


def _foot(canvas: Canvas, label: ShippingLabel, top: float, room: float) -> None:
    number = label.tracking_number.strip()
    if number:
        draw_line(canvas, EDGE, top - 12, gettext("Tracking number"), 7)
        # Ten bar widths of white stay free on each side, or scanners do not see where it begins.
        quiet = 5 * mm
        bars = Barcode(number, room - 2 * quiet, 25 * mm, caption=False, align="centre", widest=0.6 * mm)
        bars.drawOn(canvas, EDGE + quiet, top - 18 - 25 * mm)
        size = min(12.0, 12 * room / max(1.0, fonts.width(number, 12, True)))
        x = EDGE + (room - fonts.width(number, size, True)) / 2
        draw_line(canvas, x, top - 33 - 25 * mm, number, size, bold=True)
    else:
        draw_line(canvas, EDGE, top - 16, gettext("Without tracking"), 10, bold=True)
    words = "   ".join(
        filter(
            None,
            (label.reference and gettext("Ref %(reference)s") % {"reference": label.reference}, label.parcel),
        )
    )
    draw_line(canvas, EDGE, EDGE, words, 9, room=room)


def _kept(lines: Sequence[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()]
