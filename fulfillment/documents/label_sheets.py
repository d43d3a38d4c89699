"""Labels in the size of the printer: each on a page of its own, or four on a sheet; one PDF for a batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO

from pypdf import PageObject, PdfWriter, Transformation
from reportlab.lib.pagesizes import A4, A6
from reportlab.lib.units import inch
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

# Name: the page, and how many labels stand across and down.
SIZES: Mapping[str, tuple[tuple[float, float], int, int]] = {
    "4x6": ((4 * inch, 6 * inch), 1, 1),
    "a6": (A6, 1, 1),
    "a4": (A4, 2, 2),
}
SMALLEST = 0.8
"""How far a label may be made smaller: below, scanners no longer read its bars, and it keeps a page of its own."""
DPI = 203
"""Of a picture that does not say: what label printers print with."""


def label_sheets(files: Sequence[tuple[bytes, str]], size: str, *, after: bytes = b"") -> bytes:
    """One PDF of labels given as (content, ``application/pdf`` or ``image/png``), in this sequence. ``after`` is a
    PDF whose pages follow as they are. Raises ``KeyError`` for an unknown size and ``ValueError`` for a file that
    cannot be laid on paper."""
    (wide, high), across, down = SIZES[size]
    cell = (wide / across, high / down)
    writer = PdfWriter()
    sheet: PageObject | None = None
    used = 0
    for page in _pages(files):
        scale, turned = _fit(page, cell)
        if scale < SMALLEST:
            writer.add_page(page)
            continue
        if sheet is None or used == across * down:
            sheet, used = writer.add_blank_page(wide, high), 0
        column, row = used % across, used // across
        _place(sheet, page, scale, turned, (column * cell[0], high - (row + 1) * cell[1]), cell)
        used += 1
    if after:
        writer.append(BytesIO(after))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _pages(files: Sequence[tuple[bytes, str]]) -> Iterator[PageObject]:
    for body, kind in files:
        if kind not in ("application/pdf", "image/png"):
            raise ValueError(f"{kind} cannot be laid on paper")
        content = BytesIO(body if kind == "application/pdf" else _picture(body))
        for page in PdfWriter(clone_from=content).pages:
            page.transfer_rotation_to_content()
            yield page


def _picture(body: bytes) -> bytes:
    image = ImageReader(BytesIO(body))
    wide, high = image.getSize()
    dpi = float(image._image.info.get("dpi", (DPI, DPI))[0] or DPI)
    # A picture without its size is taken for a label of four inches.
    scale = 72 / dpi if "dpi" in image._image.info else 4 * inch / min(wide, high)
    out = BytesIO()
    canvas = Canvas(out, pagesize=(wide * scale, high * scale), invariant=1)
    canvas.drawImage(image, 0, 0, wide * scale, high * scale)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _fit(page: PageObject, cell: tuple[float, float]) -> tuple[float, bool]:
    """How much smaller it becomes to fit, never larger; lying labels are turned."""
    wide, high = float(page.mediabox.width), float(page.mediabox.height)
    turned = (wide > high) != (cell[0] > cell[1])
    if turned:
        wide, high = high, wide
    return min(1.0, cell[0] / wide, cell[1] / high), turned


def _place(
    sheet: PageObject,
    page: PageObject,
    scale: float,
    turned: bool,
    corner: tuple[float, float],
    cell: tuple[float, float],
) -> None:
    box = page.mediabox
    wide, high = float(box.width), float(box.height)
    move = Transformation().translate(-float(box.left), -float(box.bottom))
    if turned:
        move = move.rotate(90).translate(high, 0)
        wide, high = high, wide
    x = corner[0] + (cell[0] - wide * scale) / 2
    y = corner[1] + (cell[1] - high * scale) / 2
    sheet.merge_transformed_page(page, move.scale(scale).translate(x, y), expand=False)
