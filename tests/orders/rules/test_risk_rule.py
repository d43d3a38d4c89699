from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.rules.risk import RULES, Bands, RiskFacts, assess

CALM = RiskFacts(email="ada.byron@example.org", billing_country="GB", shipping_country="GB", ip_country="gb")


def test_absent_facts_give_no_points():
    got = assess(RiskFacts())
    assert (got.score, got.band, got.hits) == (0, "accept", ())
    assert assess(CALM).score == 0


@pytest.mark.parametrize(
    ("facts", "points"),
    [
        ({"blocklisted": True}, {"blocklisted": 100}),
        ({"channel_risk": "HIGH"}, {"channel_high": 60}),
        ({"channel_risk": "medium"}, {"channel_medium": 25}),
        ({"cvv_matches": False}, {"cvv_mismatch": 40}),
        ({"cvv_matches": True}, {}),
        ({"avs": "both"}, {"avs_none": 30}),
        ({"avs": "zip"}, {"avs_part": 10}),
        ({"avs": "unavailable"}, {}),
        ({"shipping_country": "FR"}, {"billing_shipping": 15, "ip_shipping": 15}),
        ({"ip_country": "RU"}, {"ip_billing": 15, "ip_shipping": 15}),
        ({"first_order": True, "billing_shipping_km": 501.0}, {"far_first": 10}),
        ({"first_order": False, "billing_shipping_km": 501.0}, {}),
        ({"email": "a@mailinator.com"}, {"disposable_mail": 20}),
        ({"email": "a@sub.mailinator.com"}, {"disposable_mail": 20}),
        ({"email": "ada18151852@example.org"}, {"random_mail": 5}),
        ({"email": "xkcdqz@example.org"}, {"random_mail": 5}),
        ({"email": "a@gmail.com", "first_order": True, "high_value": True}, {"free_mail_high_first": 20}),
        ({"email": "a@gmail.com", "first_order": True, "high_value": None}, {}),
        ({"orders_last_hour": 4}, {"velocity_hour": 25}),
        ({"orders_last_hour": 3, "orders_last_day": 6}, {"velocity_day": 15}),
        ({"cards_of_mail": 3, "names_at_address": 4}, {"many_cards": 30, "many_names": 20}),
        ({"declines_before": 4}, {"declines": 30}),
        (
            {"express": True, "first_order": True, "high_value": True, "forwarder_or_box": True},
            {"express_high_first": 10, "forwarder_high": 10},
        ),
        ({"allowlisted": True}, {"known_good": -40}),
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
        (RiskFacts(channel_risk="high", allowlisted=True), "accept"),
        (RiskFacts(channel_risk="high", avs="both"), "propose_rejection"),
        (RiskFacts(blocklisted=True), "propose_rejection"),
    ],
)
def test_bands(facts, band):
    assert assess(facts).band == band


def test_weights_and_bands_are_the_sellers():
    facts = RiskFacts(channel_risk="medium", avs="both")
    assert assess(facts, weights={"channel_medium": 0, "avs_none": 49}).score == 49
    assert assess(facts, Bands(hold=55, propose_rejection=56)).band == "hold"


def test_the_heaviest_reason_comes_first_and_in_words():
    got = assess(RiskFacts(channel_risk="high", allowlisted=True, email="ada12345@x.org"))
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
        st.none() | st.booleans(),
        st.sampled_from(["", "both", "zip", "match"]),
        st.sampled_from(["", "GB", "FR"]),
        st.sampled_from(["", "GB", "FR"]),
        st.sampled_from(["", "GB", "FR"]),
        st.none() | st.floats(0, 20000),
        st.none() | st.booleans(),
        st.none() | st.booleans(),
        st.none() | st.integers(0, 9),
    )
)
def test_knowing_less_never_adds_points(facts):
    score = assess(facts).score
    assert score == max(0, sum(h.points for h in assess(facts).hits))
    for field in ("cvv_matches", "first_order", "high_value", "orders_last_hour", "billing_shipping_km"):
        assert assess(replace(facts, **{field: None})).score <= score
    assert assess(replace(facts, blocklisted=True)).band == "propose_rejection"
    assert len({rule.code for rule in RULES}) == len(RULES)
