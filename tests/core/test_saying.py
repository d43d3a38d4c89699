"""Sentences of rules and papers in another language: the one of brackets (``tests/console/pseudo.py``)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings
from django.utils.translation import override
from reportlab.pdfbase.ttfonts import TTFont

from fulfillment.documents.customs_invoice import customs_invoices
from fulfillment.documents.manifest import ManifestLine, ManifestSheet, manifests
from fulfillment.documents.packing_slip import PackingSlip, SlipLine, packing_slips
from fulfillment.documents.paper import Company
from fulfillment.documents.pick_list import PickLine, PickList, pick_lists
from fulfillment.documents.shipping_label import ShippingLabel, shipping_labels
from fulfillment.rules import customs, short_pick
from oms.core.errors import Reason, Refused
from oms.core.money import Money
from oms.core.saying import said, say
from oms.core.words import gettext_noop, told
from orders.models import Refund
from orders.rules import refund_amount
from returns.rules import disposition, eligibility, matching, progress
from tests import build
from tests.console import pseudo
from tests.pressing import Hand

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
AT = date(2026, 11, 3)


def test_a_sentence_is_its_english_and_is_said_in_the_readers_language() -> None:
    inner = told(gettext_noop("1 day ago"))
    words = told(
        gettext_noop("%(title)s: the %(days)s days ended %(ago)s"), title="100% wool", days=30, ago=inner
    )
    assert words == "100% wool: the 30 days ended 1 day ago" == say(words)
    with pseudo.spoken(), override(pseudo.CODE):
        assert say(words) == "⟦100% wool: the 30 days ended ⟦1 day ago⟧⟧"
        assert say("A record.") == "A record."
        assert said(Refused([Reason("a", words), Reason("b", inner)])).endswith("⟧; ⟦1 day ago⟧")
        assert str(Refused(Reason("a", words))) == words


def refused_by_rules() -> list[Reason]:
    """What the rules refuse with, one of most kinds."""
    line = refund_amount.PaidLine(1, "Lantern", 2, Decimal(20), Decimal(4))
    paid = refund_amount.PaidOrder("GBP", (line,), Decimal(10))
    ask = refund_amount.RefundAsk(
        lines=(refund_amount.LineAsk(1, 3), refund_amount.LineAsk(2, 1)), shipping=Money(Decimal(5), "GBP"),
        goodwill=Money(Decimal("0.001"), "GBP"), fee=Money(Decimal(-1), "GBP"),
    )  # fmt: skip
    found = [*refund_amount.refund_amount(paid, ask).refusals]
    sold = eligibility.SoldLine(1, "Lantern", shipped=2, delivered_at=NOW - timedelta(days=99))
    for wish in (eligibility.Wish(1, 0), eligibility.Wish(1, 9), eligibility.Wish(2, 1)):
        found += [r for one in eligibility.eligible([sold], [wish], NOW).lines for r in one.reasons]
    found += disposition.refusals(
        1, 0, [disposition.Inspected("damaged", "restock", 2), disposition.Inspected("?", "restock", 0)]
    )
    damaged = short_pick.ShortReason("damaged", gettext_noop("damaged"))
    found += short_pick.refusals("?", {}, 1, -1)
    found += short_pick.refusals("damaged", {"damaged": damaged}, 1, 1)
    found += customs.lacking([customs.Goods("A", "", 1, 0, "", "", None)])
    found += matching.match([matching.Came(1, 7, "Lantern", 1)], [], "S-1").refusals
    found += progress.may_close("declined", [], 1)
    return found


def test_what_rules_refuse_with_is_said_in_brackets() -> None:
    reasons = refused_by_rules()
    assert len({reason.code for reason in reasons}) > 15
    with pseudo.spoken(), override(pseudo.CODE):
        bare = [reason.words for reason in reasons if not say(reason.words).startswith("⟦")]
    assert not bare


@pytest.mark.django_db
def test_a_refused_press_says_why_in_the_readers_language() -> None:
    build.item("A")
    order = build.order([("A", 1)])
    manager = Hand("manager")
    with pseudo.spoken():
        manager.client.defaults["HTTP_ACCEPT_LANGUAGE"] = pseudo.CODE
        assert manager.press("orders.refund", order, why="late", goodwill="999.00") == 409
        assert "⟦Only £" in manager.told
    assert not Refund.objects.exists()


PAPERS: list[Any] = [
    lambda: packing_slips([PackingSlip("FO-1", "OMS-1", Company("Larch", ()), ("Ann",), (SlipLine("A", "Lantern", 1),), AT)]),
    lambda: pick_lists([PickList("P-1", "Leeds", (PickLine("OMS-1", "FO-1", "A", "Lantern", 1, lot="L1"),), NOW)]),
    lambda: manifests([ManifestSheet("M-1", "Post", ("Larch",), NOW, (ManifestLine("", "OMS-1", "", "Leeds", 1),))]),
    lambda: shipping_labels([ShippingLabel(sender=("Larch",), recipient=("Ann",), reference="OMS-1")]),
]  # fmt: skip


@pytest.mark.parametrize("paper", PAPERS, ids=["slip", "pick list", "manifest", "label"])
def test_papers_are_in_the_language_of_the_house(paper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    split = TTFont.splitString

    def splitting(font: Any, text: Any, *args: Any, **more: Any) -> Any:
        drawn.append(text if isinstance(text, str) else text.decode())
        return split(font, text, *args, **more)

    monkeypatch.setattr(TTFont, "splitString", splitting)
    with pseudo.spoken():
        with override(pseudo.CODE):
            paper()
        assert drawn and not any("⟦" in text for text in drawn), "whoever prints it"
        drawn.clear()
        with override_settings(LANGUAGE_CODE=pseudo.CODE):
            paper()
    # No font has these brackets, so each is drawn as a question mark.
    left, wrapped = re.subn(r"\?[^?]*\?", " ", "".join(drawn))
    assert wrapped >= 4
    for word in (
        "Deliver to",
        "Order",
        "Quantity",
        "Pick list",
        "Shelf",
        "Manifest",
        "Handed over",
        "Page",
        "From",
        "Ref",
    ):
        assert word not in left, word


def test_a_commercial_invoice_is_english_whoever_prints_it() -> None:
    with pseudo.spoken(), override(pseudo.CODE):
        assert customs_invoices([]).startswith(b"%PDF-")
