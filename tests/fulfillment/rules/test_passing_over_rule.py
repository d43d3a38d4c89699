from fulfillment.rules.passing_over import Miss, passed_over, told, wholly

STORES = frozenset({"store"})
BOTH = frozenset({"store", "third_party"})


def test_each_item_has_its_own_types_and_the_latest_reason_has_the_word():
    got = passed_over([Miss(1, "damaged", STORES), Miss(2, "no time"), Miss(1, "too heavy", BOTH)])
    assert got == {1: {"store": "too heavy", "third_party": "too heavy"}}


def test_a_place_is_out_where_every_item_passes_it_over():
    passed = {1: {"store": "damaged"}, 2: {"store": "too heavy"}}
    assert wholly(passed, "store", [1, 2])
    assert not wholly(passed, "store", [1, 3])
    assert not wholly(passed, "warehouse", [1])


def test_the_decision_says_each_once():
    passed = {
        1: {"store": "damaged"},
        2: {"store": "damaged", "third_party": "too heavy"},
        9: {"store": "lost"},
    }
    assert told(passed, [1, 2]) == (
        "Places of the type “store” are passed over, since pieces were missing or sent back: damaged",
        "Places of the type “third party” are passed over, since pieces were missing or sent back: too heavy",
    )
    assert told(passed, [3]) == ()
