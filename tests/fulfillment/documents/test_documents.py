"""The papers: what has to be on them, on how many pages, in which letters."""

from __future__ import annotations

import re
import sys
from datetime import date, datetime
from io import BytesIO

import pytest
from reportlab.graphics.barcode.code128 import Code128
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from fulfillment.documents import fonts, paper
from fulfillment.documents.packing_slip import PackingSlip, SlipLine, packing_slips
from fulfillment.documents.paper import Company
from fulfillment.documents.pick_list import PickLine, PickList, pick_lists
from fulfillment.documents.shipping_label import ShippingLabel, shipping_labels

SHOP = Company("Lantern & Larch", ("12 Canal Street, Leeds LS1 4AP", "hello@larch.example"))
TO = ("Łukasz Zając", "ul. Długa 3", "81-368 Gdynia", "POLAND")


@pytest.fixture(params=["FiraGO", "Vera"])
def family(request, monkeypatch):
    """Both with the package of fonts and without it."""
    if request.param == "FiraGO":
        pytest.importorskip("pymupdf_fonts")
    else:
        monkeypatch.setitem(sys.modules, "pymupdf_fonts", None)
    _forget()
    assert fonts.ready() == request.param
    yield request.param
    _forget()


def _forget():
    fonts.ready.cache_clear()
    fonts.runs.cache_clear()
    for name in (fonts.BODY, fonts.BOLD):
        pdfmetrics._fonts.pop(name, None)


class Drawn:
    """Everything that goes onto a page: words without their spaces, and the values of barcodes."""

    def __init__(self):
        self.pieces, self.codes = [], []

    def __contains__(self, words):
        words = "".join(piece for _, piece in fonts.runs(words))
        return re.sub(r"\s", "", words) in re.sub(r"\s", "", "".join(self.pieces))

    def before(self, first, second):
        whole = re.sub(r"\s", "", "".join(self.pieces))
        return whole.index(re.sub(r"\s", "", first)) < whole.index(re.sub(r"\s", "", second))


@pytest.fixture
def drawn(monkeypatch):
    seen, split, draw = Drawn(), TTFont.splitString, Code128.drawOn

    def splitting(font, text, *args, **more):
        seen.pieces.append(text if isinstance(text, str) else text.decode())
        return split(font, text, *args, **more)

    def drawing(bars, *args, **more):
        seen.codes.append(bars.value)
        return draw(bars, *args, **more)

    monkeypatch.setattr(TTFont, "splitString", splitting)
    monkeypatch.setattr(Code128, "drawOn", drawing)
    return seen


def pages(pdf):
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    return len(re.findall(rb"/Type /Page\b", pdf))


def slip(number=1, lines=None, **changes):
    given = {
        "number": f"FO-{number}",
        "order_number": f"OMS-{number}",
        "company": SHOP,
        "ship_to": TO,
        "lines": tuple(lines or [SlipLine("85123A", "Hanging heart", 6, price="£2.55", total="£15.30")]),
        "ordered_on": date(2026, 11, 3),
    }
    return PackingSlip(**{**given, **changes})


class TestPackingSlip:
    def test_says_what_is_in_the_box_and_for_whom(self, family, drawn):
        line = SlipLine("71053", "White lantern", 6, ordered=12, options="Large", parts=("1 × candle",))
        pdf = packing_slips(
            [slip(lines=[line], note="A gift <b>please</b>!", message="Thank you", service="Tracked")]
        )
        assert pages(pdf) == 1
        for words in (
            "Lantern & Larch", "Order OMS-1", "Ordered 3 November 2026", *TO, "White lantern", "71053 · Large",
            "1 × candle", "6", "of 12 ordered", "A gift <b>please</b>!", "Thank you", "Tracked",
            "6 pieces in this delivery; the rest comes separately", "Page 1 of 1",
        ):  # fmt: skip
            assert words in drawn, words
        assert drawn.codes == ["FO-1"]

    def test_has_no_price_unless_asked(self, drawn):
        packing_slips([slip()])
        assert "£" not in drawn and "Price" not in drawn
        packing_slips([slip()], prices=True)
        assert "£2.55" in drawn and "£15.30" in drawn

    def test_bills_to_another_only_when_it_is_another(self, drawn):
        packing_slips([slip(bill_to=TO)])
        assert "Bill to" not in drawn
        packing_slips([slip(bill_to=("Zoë Ashworth", "Leeds"))])
        assert "Bill to" in drawn and "Zoë Ashworth" in drawn

    def test_long_ones_go_on_and_batches_count_by_themselves(self, drawn):
        many = [SlipLine(f"SKU-{n}", f"Thing {n}", 1) for n in range(60)]
        pdf = packing_slips([slip(1), slip(2, many), slip(3)])
        count = pages(pdf)
        assert count > 3
        assert f"Page {count - 2} of {count - 2}" in drawn
        assert "".join(drawn.pieces).replace(" ", "").count("Page1of1") == 2
        # The heads of the columns stand on each page.
        assert drawn.pieces.count("Quantity") == count
        assert all(f"Thing {n}" in drawn for n in range(60))

    @pytest.mark.parametrize(
        "changes",
        [
            {"note": "word " * 3000},
            {"note": "x" * 5000},
            {"lines": (SlipLine("S" * 300, "W" * 900, 1, parts=tuple(f"part {n}" for n in range(150))),)},
            {"ship_to": ("L" * 200,) * 6},
            {"message": "bye " * 2000},
            {"company": Company("N" * 200, ("line",) * 30)},
            {"number": "F" * 200, "lines": (SlipLine("", "", 0),)},
            {"number": "ünïcode", "ship_to": ()},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_nothing_is_too_long_for_it(self, changes):
        assert pages(packing_slips([slip(**changes)])) >= 1

    def test_carries_the_logo(self):
        from PIL import Image

        file = BytesIO()
        Image.new("RGB", (300, 80), "teal").save(file, "PNG")
        plain, marked = (
            packing_slips([slip()]),
            packing_slips([slip(company=Company("L", logo=file.getvalue()))]),
        )
        assert b"/Subtype /Image" in marked and b"/Subtype /Image" not in plain

    def test_is_the_same_each_time(self):
        assert packing_slips([slip()]) == packing_slips([slip()])


class TestShippingLabel:
    def test_is_four_by_six_with_addresses_and_barcode(self, family, drawn):
        label = ShippingLabel(
            (SHOP.name, *SHOP.lines), TO, "Royal Mail", "Tracked 48", "RM123456785GB", "OMS-1", 1240, "Fragile",
            "Parcel 1 of 2",
        )  # fmt: skip
        pdf = shipping_labels([label])
        assert (pages(pdf), b"/MediaBox [ 0 0 288 432 ]" in pdf) == (1, True)
        for words in (
            *TO,
            SHOP.name,
            "Royal Mail",
            "Tracked 48",
            "1.24 kg",
            "FRAGILE",
            "Ref OMS-1",
            "Parcel 1 of 2",
        ):
            assert words in drawn, words
        assert drawn.codes == ["RM123456785GB"]

    def test_a_batch_is_one_file(self):
        labels = [ShippingLabel((SHOP.name,), TO, tracking_number=f"T{n}") for n in range(7)]
        assert pages(shipping_labels(labels)) == 7

    @pytest.mark.parametrize("number", ["", "9" * 60, "нет-123"])
    def test_odd_numbers_are_written_at_least(self, drawn, number):
        assert pages(shipping_labels([ShippingLabel((), (), tracking_number=number)])) == 1
        assert drawn.codes == []
        if not number:
            assert "Without tracking" in drawn

    def test_bars_are_wide_enough_to_scan(self):
        for number in ("RM123456785GB", "94001002083031095056", "1Z999AA10123456784"):
            bars = paper.Barcode(number, 3.2 * 72, 70, caption=False, widest=2)
            units = Code128(number, barWidth=1, quiet=0).width
            assert min(2, 3.2 * 72 / units) >= paper.Barcode.NARROWEST
            assert bars.wrap()[0] == 3.2 * 72


def pick(order, sku, quantity=1, **more):
    return PickLine(f"OMS-{order}", f"FO-{order}", sku, f"Title of {sku}", quantity, **more)


class TestPickList:
    def test_fetches_from_each_shelf_once_in_walking_order(self, drawn):
        lines = (
            pick(1, "LAST"),
            pick(1, "TEN", 2, shelf="A-10", barcode="4006381333931"),
            pick(2, "TWO", 1, shelf="A-2", barcode="ABC-1", lot="L77", note="Fragile"),
            pick(3, "TEN", 3, shelf="A-10", barcode="4006381333931"),
        )
        pdf = pick_lists([PickList("PL-1", "Leeds", lines, datetime(2026, 11, 4, 8, 15), "Zoë")])
        assert pages(pdf) == 1
        for words in (
            "Pick list", "Leeds", "3 orders · 3 items · 7 pieces", "Made 4 November 2026, 08:15", "Picked by Zoë",
            "TWO · lot L77", "for OMS-1 × 2, OMS-3 × 3", "Fragile", "4006381333931",
        ):  # fmt: skip
            assert words in drawn, words
        assert drawn.before("Title of TWO", "Title of TEN") and drawn.before("Title of TEN", "Title of LAST")
        assert "".join(drawn.pieces).count("Title of TEN".replace(" ", "")) <= 1
        # The list, the one item whose code is no EAN, and the three orders to pack.
        assert drawn.codes == ["PL-1", "ABC-1", "FO-1", "FO-2", "FO-3"]

    def test_for_one_order_needs_no_orders(self, drawn):
        pick_lists([PickList("PL-1", "Leeds", (pick(1, "A"), pick(1, "B")))])
        assert "1 order · 2 items · 2 pieces" in drawn
        assert "To scan" not in drawn and "for OMS-1" not in drawn

    def test_long_ones_go_on(self, drawn):
        lines = tuple(pick(n % 9, f"SKU-{n}", shelf=f"B-{n}", barcode=f"SKU-{n}") for n in range(80))
        count = pages(pick_lists([PickList("PL-1", "Leeds", lines), PickList("PL-2", "Bristol", lines[:2])]))
        assert count > 4
        assert f"Page {count - 1} of {count - 1}" in drawn and "Page 1 of 1" in drawn
        assert all(f"Title of SKU-{n}" in drawn for n in range(80))

    def test_nothing_is_too_long_for_it(self):
        lines = tuple(pick(n, "SAME", shelf="A" * 60, note="note " * 40) for n in range(300))
        assert pages(pick_lists([PickList("P" * 99, "L" * 200, lines, picker="Z" * 99)])) > 1


def shown_for_missing():
    return fonts.runs("\U000130e0")[0][1]


class TestLetters:
    @pytest.mark.parametrize(
        "name", ["Łukasz Żółć", "Zoë", "Çağrı Şahin", "Þóra", "Ñandú", "Dvořák", "€ ß ø å"]
    )
    def test_european_names_are_whole_or_at_least_readable(self, family, name):
        (((font, shown)),) = fonts.runs(name)
        assert font == fonts.BODY
        # Vera lacks a few accents: those letters come without them.
        assert shown == name if family == "FiraGO" else "?" not in shown and len(shown) == len(name)

    def test_greek_cyrillic_and_hebrew(self, family):
        for name in ("Ελένη", "Дмитрий", "Őry"):
            whole = fonts.runs(name) == ((fonts.BODY, name),)
            assert whole or family == "Vera"
        # Hebrew is drawn from the right; the digits keep their way.
        if family == "FiraGO":
            assert fonts.runs("הרצל 12") == ((fonts.BODY, "לצרה 12"),)

    def test_what_is_missing_is_seen_and_nothing_fails(self, family):
        if family == "Vera":
            assert fonts.runs("Őry Ελένη") == ((fonts.BODY, f"Ory {shown_for_missing() * 5}"),)
        assert shown_for_missing() in ("□", "?")
        assert fonts.runs("a\x00\u200bb\tc") == ((fonts.BODY, "ab c"),)
        assert fonts.runs("") == ()

    def test_chinese_japanese_and_korean_use_the_viewers_fonts(self, family):
        assert fonts.runs("山田 タロウ") == (("STSong-Light", "山田 "), ("HeiseiKakuGo-W5", "タロウ"))
        assert fonts.runs("김민준") == (("HYGothic-Medium", "김민준"),)
        assert pages(packing_slips([slip(ship_to=("山田 太郎", "東京都"), note="よろしく")])) == 1
        assert pages(shipping_labels([ShippingLabel((), ("山田 太郎", "서울"))])) == 1

    def test_a_composed_letter_is_one_letter(self, family):
        assert fonts.runs("Zoe\u0308") == ((fonts.BODY, "Zoë"),)

    def test_markup_is_only_text(self, family):
        assert fonts.markup("<b>&") == f'<font name="{fonts.BODY}">&lt;b&gt;&amp;</font>'

    def test_a_font_of_the_shop_is_used_for_what_is_missing(self, family, tmp_path, monkeypatch):
        import reportlab

        monkeypatch.setattr(fonts, "_added", [])
        vera = f"{reportlab.__path__[0]}/fonts/Vera.ttf"
        fonts.add_font(vera)
        fonts.runs.cache_clear()
        assert fonts.runs("a") == ((fonts.BODY, "a"),)
        assert "oms-own-0-body" in fonts._added[0]
        wrong = tmp_path / "wrong.ttf"
        wrong.write_bytes(b"not a font at all")
        with pytest.raises(ValueError, match="cannot be embedded"):
            fonts.add_font(str(wrong))
        with pytest.raises(OSError, match="absent"):
            fonts.add_font(str(tmp_path / "absent.ttf"))


@pytest.mark.parametrize(
    ("value", "right"), [("4006381333931", True), ("4006381333932", False), ("12345", False)]
)
def test_an_ean_is_known_by_its_check_digit(value, right):
    assert paper.is_ean13(value) is right
