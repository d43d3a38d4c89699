"""What the documents share: text in every script, barcodes, tick boxes, and pages that know their number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from django.utils.translation import get_language, gettext
from reportlab.graphics.barcode.code128 import Code128
from reportlab.graphics.barcode.eanbc import Ean13BarcodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import Color, HexColor, black
from reportlab.lib.enums import TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph

from fulfillment.documents import fonts

INK, FAINT, LINE, SHADE = HexColor("#111827"), HexColor("#5b6472"), HexColor("#c9ced6"), HexColor("#f3f4f6")
MARGIN = 16 * mm
FOOT = 9 * mm


@dataclass(frozen=True)
class Company:
    """The sender as the customer knows it. ``lines`` are address and how to reach it; ``logo`` a PNG or JPEG."""

    name: str
    lines: tuple[str, ...] = ()
    logo: bytes = field(repr=False, default=b"")


# --- text --------------------------------------------------------------------------------------------------


def text(
    words: str, size: float = 9.5, *, bold: bool = False, color: Color = INK, right: bool = False
) -> Paragraph:
    """A paragraph that wraps, in whatever script."""
    fonts.ready()
    style = ParagraphStyle(
        "text",
        fontName=fonts.BOLD if bold else fonts.BODY,
        fontSize=size,
        leading=size * 1.3,
        textColor=color,
        alignment=TA_RIGHT if right else TA_LEFT,
        splitLongWords=True,
    )
    return Paragraph(fonts.markup(words, bold), style)


def lines_of(title: str, lines: Sequence[str], size: float = 9.5) -> list[Paragraph]:
    """A block of an address: a small title, its first line in bold."""
    kept = [line for line in lines if line.strip()]
    head = [text(title, 7.5, color=FAINT)] if title else []
    return head + [text(line, size, bold=place == 0) for place, line in enumerate(kept)]


def draw_line(
    canvas: Canvas, x: float, y: float, words: str, size: float, *, bold: bool = False, room: float = 0
) -> float:
    """One line straight onto the page, made smaller to fit into ``room``; gives the size it got."""
    if room:
        wide = fonts.width(words, size, bold)
        size = min(size, size * room / wide) if wide else size
    for font, piece in fonts.runs(words, bold):
        canvas.setFont(font, size)
        canvas.drawString(x, y, piece)
        x += canvas.stringWidth(piece, font, size)
    return size


# --- barcodes and boxes ------------------------------------------------------------------------------------


def can_be_code128(value: str) -> bool:
    return bool(re.fullmatch(r"[\x20-\x7e]{1,48}", value))


class Barcode(Flowable):
    """Code 128 of ``value``, or EAN-13 where it is one, with its text below. ``align`` is left, centre or right
    within ``room``; ``widest`` is the narrowest bar at most. What Code 128 cannot hold is only written."""

    NARROWEST = 0.19 * mm

    def __init__(
        self,
        value: str,
        room: float,
        height: float,
        *,
        caption: bool = True,
        align: str = "left",
        widest: float = 0.42 * mm,
    ):
        super().__init__()
        self.value, self.room, self.bars, self.caption = value, room, height, caption
        self.share = {"left": 0.0, "centre": 0.5, "right": 1.0}[align]
        self.widest = widest
        self.width, self.height = room, height + (9 if caption else 0)

    def wrap(self, *_: Any) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        base = 9 if self.caption else 0
        # Pure black: what scanners and label printers want.
        self.canv.setFillColor(black)
        drawn = self._ean(base) if is_ean13(self.value) else self._code128(base)
        if self.caption or not drawn:
            size = min(7.5, 7.5 * self.room / max(1.0, fonts.width(self.value, 7.5)))
            wide = fonts.width(self.value, size)
            middle = self._start(drawn) + drawn / 2 - wide / 2 if drawn else self._start(wide)
            draw_line(self.canv, min(max(0.0, middle), self.room - wide), 0.5, self.value, size)

    def _start(self, wide: float) -> float:
        return (self.room - wide) * self.share

    def _code128(self, base: float) -> float:
        if not can_be_code128(self.value):
            return 0
        unit = min(self.widest, self.room / Code128(self.value, barWidth=1, quiet=0).width)
        if unit < self.NARROWEST:
            return 0
        bars = Code128(self.value, barWidth=unit, barHeight=self.bars, quiet=0)
        bars.drawOn(self.canv, self._start(bars.width), base)
        return float(bars.width)

    def _ean(self, base: float) -> float:
        unit = min(0.33 * mm, self.room / 95)
        widget = Ean13BarcodeWidget(
            self.value, barWidth=unit, barHeight=self.bars, humanReadable=False, quiet=0
        )
        drawing = Drawing(95 * unit, self.bars)
        drawing.add(widget)
        drawing.drawOn(self.canv, self._start(95 * unit), base)
        return 95 * unit


def is_ean13(value: str) -> bool:
    if not re.fullmatch(r"\d{13}", value):
        return False
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(value[:12]))
    return (10 - total % 10) % 10 == int(value[12])


class TickBox(Flowable):
    def __init__(self, side: float = 4 * mm):
        super().__init__()
        self.width = self.height = self.side = side

    def wrap(self, *_: Any) -> tuple[float, float]:
        return self.side, self.side

    def draw(self) -> None:
        self.canv.setStrokeColor(INK)
        self.canv.setLineWidth(0.8)
        self.canv.roundRect(0, 0, self.side, self.side, 0.6 * mm)


# --- pages -------------------------------------------------------------------------------------------------


class Part(Flowable):
    """Starts one document of a batch: its pages are counted by themselves and carry ``foot``."""

    width = height = 0.0

    def __init__(self, number: int, foot: str):
        super().__init__()
        self.number, self.foot = number, foot

    def wrap(self, *_: Any) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        self.canv.part, self.canv.foot = self.number, self.foot


class _Pages(Canvas):
    """Keeps its pages until the end, when it is known how many each part has."""

    part, foot = 0, ""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        total = Counter(page["part"] for page in self._kept)
        reached: Counter[int] = Counter()
        for page in self._kept:
            self.__dict__.update(page)
            reached[self.part] += 1
            self._draw_foot(reached[self.part], total[self.part])
            super().showPage()
        super().save()

    def _draw_foot(self, number: int, total: int) -> None:
        wide = self._pagesize[0]
        self.setFillColor(FAINT)
        draw_line(self, MARGIN, FOOT, self.foot, 7.5, room=wide - 2 * MARGIN - 40 * mm)
        words = gettext("Page %(number)s of %(total)s") % {"number": number, "total": total}
        draw_line(self, wide - MARGIN - fonts.width(words, 7.5), FOOT, words, 7.5)


def print_a4(title: str, author: str, story: Sequence[Flowable]) -> bytes:
    """The PDF of a story made of parts."""
    fonts.ready()
    file = BytesIO()
    wide, high = A4
    frame = Frame(
        MARGIN, MARGIN, wide - 2 * MARGIN, high - MARGIN - 14 * mm,
        leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
    )  # fmt: skip
    document = BaseDocTemplate(
        file, pagesize=A4, title=title, author=author, creator="OMS", lang=get_language() or "en", invariant=1
    )
    document.addPageTemplates(PageTemplate("page", [frame]))
    document.build(list(story), canvasmaker=_Pages)
    return file.getvalue()


def room() -> float:
    """How wide the text of an A4 page may be."""
    return float(A4[0] - 2 * MARGIN)
