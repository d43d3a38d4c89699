from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.rules.risk import RULES, Bands, RiskFacts, assess

CALM = RiskFacts(email="ada.byron@example.org", billing_country="GB", shipping_country="GB")


def test_absent_facts_give_no_points():
    got = assess(RiskFacts())
    assert (got.score, got.band, got.hits) == (0, "accept", ())
    assert assess(CALM).score == 0


@pytest.mark.parametrize(
    ("facts", "points"),
    [
        ({"channel_risk": "HIGH"}, {"channel_high": 60}),
        ({"channel_risk": "medium"}, {"channel_medium": 25}),
        ({"shipping_country": "FR"}, {"billing_shipping": 15}),
        ({"email": "a@mailinator.com"}, {"disposable_mail": 20}),
        ({"email": "a@sub.mailinator.com"}, {"disposable_mail": 20}),
        ({"email": "ada18151852@example.org"}, {"random_mail": 5}),
        ({"email": "xkcdqz@example.org"}, {"random_mail": 5}),
        ({"email": "a@gmail.com", "first_order": True, "high_value": True}, {"free_mail_high_first": 20}),
        ({"email": "a@gmail.com", "first_order": True, "high_value": None}, {}),
        ({"orders_last_hour": 4}, {"velocity_hour": 25}),
        ({"orders_last_hour": 3, "orders_last_day": 6}, {"velocity_day": 15}),
        ({"paid_orders_older_than_60_days": 3}, {"known_good": -40}),
        ({"paid_orders_older_than_60_days": 2}, {}),
    ],
)
def test_points(facts, points):
    got = assess(replace(CALM, **facts))
    assert {hit.code: hit.points for hit in got.hits} == points
    assert got.score == max(0, sum(points.values()))


@pytest.mark.parametrize(
    ("facts", "band"),
    [
        (RiskFacts(channel_risk="medium"), "accept"),
        (RiskFacts(channel_risk="high"), "hold"),
        (RiskFacts(channel_risk="high", paid_orders_older_than_60_days=3), "accept"),
        (RiskFacts(channel_risk="high", orders_last_hour=4, orders_last_day=6), "propose_rejection"),
    ],
)
def test_bands(facts, band):
    assert assess(facts).band == band


def test_weights_and_bands_are_the_sellers():
    facts = RiskFacts(channel_risk="medium", orders_last_hour=4)
    assert assess(facts, weights={"channel_medium": 0, "velocity_hour": 49}).score == 49
    assert assess(facts, Bands(hold=50, propose_rejection=51)).band == "hold"


def test_the_heaviest_reason_comes_first_and_in_words():
    got = assess(RiskFacts(channel_risk="high", paid_orders_older_than_60_days=3, email="ada12345@x.org"))
    assert [h.words for h in got.hits] == [
        "The channel says high risk",
        "A customer known for long",
        "The e-mail address looks random",
    ]


@given(
    st.builds(
        RiskFacts,
        st.text(max_size=12) | st.emails(),
        st.sampled_from(["", "low", "medium", "high", "odd"]),
        st.sampled_from(["", "GB", "FR"]),
        st.sampled_from(["", "GB", "FR"]),
        st.none() | st.booleans(),
        st.none() | st.booleans(),
        st.none() | st.integers(0, 9),
    )
)
def test_knowing_less_never_adds_points(facts):
    score = assess(facts).score
    assert score == max(0, sum(h.points for h in assess(facts).hits))
    for field in ("first_order", "high_value", "orders_last_hour", "orders_last_day"):
        assert assess(replace(facts, **{field: None})).score <= score
    assert len({rule.code for rule in RULES}) == len(RULES)
