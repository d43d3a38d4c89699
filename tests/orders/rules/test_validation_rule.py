from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.drafts import AddressDraft
from orders.rules.holds import HOLDS
from orders.rules.validation import Earlier, LineFacts, ScreenFacts, Usual, findings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOME = AddressDraft(name="Ada", line1="1 High Street", city="Leeds", postcode="LS1 1AA", country="GB")
MUG = LineFacts("L1", "Mug", 2, identity=7)
GOOD = ScreenFacts("1002", NOON, (MUG,), "paid", HOME, email="ada@example.org")
TWIN = Earlier("1001", NOON - timedelta(minutes=5), "Ada@Example.org", lines=((7, 2),))


def told(order):
    return [(f.hold, f.reason.code, f.line) for f in findings(order)]


def test_a_good_order_has_no_findings():
    assert findings(GOOD) == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"lines": (replace(MUG, mapped=False), LineFacts("L2", "Cup", 1))},
            ("unmapped_sku", "unmapped_sku", "L1"),
        ),
        ({"lines": (replace(MUG, mapped=False, kind="custom"),)}, None),
        ({"lines": (replace(MUG, mapped=False, quantity=0), LineFacts("L2", "Cup", 1))}, None),
        ({"lines": ()}, ("channel_incomplete", "no_lines", None)),
        ({"address": AddressDraft()}, ("address_invalid", "address_missing", None)),
        ({"address": replace(HOME, country=" ")}, ("address_invalid", "address_missing", None)),
        ({"address": AddressDraft(), "pickup": True}, None),
        ({"address": AddressDraft(), "lines": (replace(MUG, requires_shipping=False),)}, None),
        ({"email": ""}, ("channel_incomplete", "contact_missing", None)),
        ({"email": "", "phone": "0113 496 0000"}, None),
        ({"email": "", "contact_required": False}, None),
        ({"payment_status": "none"}, ("payment_pending", "payment_none", None)),
        ({"payment_status": "partly_paid"}, ("payment_pending", "payment_partly_paid", None)),
        ({"payment_status": "none", "on_terms": True}, None),
        ({"payment_status": "authorised"}, None),
        ({"missing": ("address",)}, ("channel_incomplete", "channel_incomplete", None)),
        ({"test": True}, ("manual", "test_order", None)),
        ({"earlier": (TWIN,)}, ("duplicate_suspect", "duplicate_suspect", None)),
        ({"earlier": (replace(TWIN, placed_at=NOON - timedelta(days=1)),)}, None),
        ({"earlier": (replace(TWIN, placed_at=NOON + timedelta(minutes=1)),)}, None),
        ({"earlier": (replace(TWIN, lines=((7, 3),)),)}, None),
        ({"earlier": (replace(TWIN, email="eve@example.org"),)}, None),
        (
            {"earlier": (replace(TWIN, email="", phone="+44 113 496 0000"),), "phone": "0113 4960000"},
            ("duplicate_suspect", "duplicate_suspect", None),
        ),
        ({"lines": (replace(MUG, quantity=50, usual=Usual(200, 5)),)}, ("anomaly", "unusual_quantity", None)),
        ({"lines": (replace(MUG, quantity=50, usual=Usual(3, 5)),)}, None),
        ({"lines": (replace(MUG, quantity=12, usual=Usual(200, 5)),)}, None),
        ({"lines": (replace(MUG, quantity=9, usual=Usual(200, 1)),)}, None),
    ],
)
def test_findings(change, expected):
    assert told(replace(GOOD, **change)) == ([expected] if expected else [])


def test_only_the_later_of_two_simultaneous_twins_is_held():
    first = replace(GOOD, number="1001", earlier=(replace(TWIN, number="1002", placed_at=NOON),))
    second = replace(GOOD, number="1002", earlier=(replace(TWIN, number="1001", placed_at=NOON),))
    assert [len(findings(o)) for o in (first, second)] == [0, 1]


def test_the_same_things_over_more_lines_are_the_same_things():
    two = (replace(MUG, quantity=1), replace(MUG, key="L2", quantity=1))
    assert told(replace(GOOD, lines=two, earlier=(TWIN,)))[0][0] == "duplicate_suspect"


def test_the_words_are_a_shopkeepers():
    order = replace(GOOD, address=AddressDraft(line1="x"), earlier=(TWIN,))
    assert [f.reason.words for f in findings(order)] == [
        "The address has no town, no country",
        "The same customer ordered the same things 5 minutes before, in order 1001",
    ]


@given(
    st.builds(
        ScreenFacts,
        st.text(max_size=4),
        st.just(NOON),
        st.lists(
            st.builds(LineFacts, st.integers(), st.text(max_size=5), st.integers(-1, 99), st.booleans()),
            max_size=3,
        ),
        st.sampled_from(["none", "paid", "disputed", "odd"]),
        st.builds(AddressDraft, line1=st.text(max_size=5), country=st.text(max_size=2)),
        st.text(max_size=5),
        st.text(max_size=5),
    )
)
def test_any_facts_give_known_holds_with_words(order):
    for finding in findings(order):
        assert finding.hold in HOLDS
        assert finding.reason.words
