"""Several files as one, to be printed in one go."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from pypdf import PdfReader, PdfWriter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

PDF = "application/pdf"
PER_INCH = 203
"""Dots of a label printer: how large a picture without its own measure is printed."""


def together(files: Sequence[tuple[bytes, str]]) -> bytes:
    """One PDF of PDFs and PNG pictures (content and media type), in their order; each keeps its own page size."""
    whole = PdfWriter()
    for body, kind in files:
        whole.append(PdfReader(BytesIO(body if kind == PDF else _page(body))))
    made = BytesIO()
    whole.write(made)
    return made.getvalue()


def _page(picture: bytes) -> bytes:
    image, made = ImageReader(BytesIO(picture)), BytesIO()
    wide, high = (dots * 72 / PER_INCH for dots in image.getSize())
    canvas = Canvas(made, pagesize=(wide, high), invariant=1)
    canvas.drawImage(image, 0, 0, wide, high)
    canvas.save()
    return made.getvalue()
