"""Labels laid on the printer's paper: never too small to scan, four on a sheet, one file."""

from __future__ import annotations

from io import BytesIO

import pytest
from pypdf import PdfReader
from reportlab.lib.pagesizes import A4, A6
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas

from fulfillment.documents.label_sheets import label_sheets
from fulfillment.documents.shipping_label import ShippingLabel, shipping_labels
from fulfillment.twins.easypost import label as drawing

PDF, PNG = "application/pdf", "image/png"


def ours(number: str) -> tuple[bytes, str]:
    return shipping_labels([ShippingLabel(("We",), ("You",), tracking_number=number)]), PDF


def drawn(wide: float, high: float, words: str = "BIG") -> tuple[bytes, str]:
    out = BytesIO()
    canvas = Canvas(out, pagesize=(wide, high), invariant=1)
    canvas.drawString(10, 10, words)
    canvas.showPage()
    canvas.save()
    return out.getvalue(), PDF


def pages(body: bytes) -> list[tuple[int, int, str]]:
    found = PdfReader(BytesIO(body)).pages
    return [(round(p.mediabox.width), round(p.mediabox.height), p.extract_text()) for p in found]


def size(paper: tuple[float, float]) -> tuple[int, int]:
    return round(paper[0]), round(paper[1])


def test_one_on_each_page_or_four_on_a_sheet() -> None:
    five = [ours(f"TRACK-{n}") for n in range(5)]
    assert [p[:2] for p in pages(label_sheets(five, "4x6"))] == [size((4 * inch, 6 * inch))] * 5
    assert [p[:2] for p in pages(label_sheets(five, "a6"))] == [size(A6)] * 5
    first, second = pages(label_sheets(five, "a4"))
    assert first[:2] == second[:2] == size(A4)
    assert all(f"TRACK-{n}" in first[2] for n in range(4)) and "TRACK-4" in second[2]


def test_nothing_hangs_over_its_place() -> None:
    """The four corners of each label, turned or not, lie on its quarter of the sheet."""
    for wide, high in ((288, 432), (432, 288), (298, 420)):
        (page,) = PdfReader(BytesIO(label_sheets([drawn(wide, high)] * 4, "a4"))).pages
        places: list[tuple[float, float]] = []

        def seen(
            text: str, cm: list[float], tm: list[float], *_: object, into: list[tuple[float, float]] = places
        ) -> None:
            if "BIG" in text:
                into.append((cm[0] * tm[4] + cm[2] * tm[5] + cm[4], cm[1] * tm[4] + cm[3] * tm[5] + cm[5]))

        page.extract_text(visitor_text=seen)
        quarters = {(x > A4[0] / 2, y > A4[1] / 2) for x, y in places}
        assert len(places) == len(quarters) == 4
        assert all(0 <= x <= A4[0] and 0 <= y <= A4[1] for x, y in places)


def test_a_label_that_would_become_too_small_keeps_its_own_page() -> None:
    told = pages(label_sheets([drawn(*A4), ours("TRACK-1")], "4x6"))
    assert [p[:2] for p in told] == [size(A4), size((4 * inch, 6 * inch))]


def test_pictures_and_what_follows() -> None:
    shipment = {
        "selected_rate": {"carrier": "USPS", "service": "Priority"}, "tracking_code": "940011", "reference": None,
        "from_address": _address(), "to_address": _address(),
    }  # fmt: skip
    body = label_sheets([(drawing.png(shipment), PNG)], "4x6", after=drawn(*A4, words="INVOICE")[0])
    (label, invoice) = pages(body)
    assert label[:2] == size((4 * inch, 6 * inch)) and "INVOICE" in invoice[2]
    with pytest.raises(ValueError, match="laid on paper"):
        label_sheets([(b"^XA^XZ", "application/zpl")], "a4")


def _address() -> dict[str, str | None]:
    names = ("name", "company", "street1", "street2", "city", "state", "zip", "country")
    return {**dict.fromkeys(names), "name": "Ada", "street1": "1 Road", "city": "Leeds", "country": "GB"}
