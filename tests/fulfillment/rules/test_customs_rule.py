"""Where customs stand between two places, and what is declared."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fulfillment.rules.customs import Goods, crosses, declare, lacking, restored, stored


@pytest.mark.parametrize(
    ("here", "there", "border"),
    [
        (("GB", "NG1 1AA"), ("GB", "BS1 5TY"), False),
        (("GB", "NG1 1AA"), ("DE", "10115"), True),
        (("NL", "3011"), ("FR", "75001"), False),
        (("FR", "75001"), ("MC", "98000"), False),
        (("GB", "NG1 1AA"), ("GB", "BT1 1AA"), False),
        (("GB", "bt1 1aa"), ("IE", "D01"), False),
        (("NL", "3011"), ("GB", "BT1 1AA"), False),
        (("NL", "3011"), ("GB", "B1 1AA"), True),
        (("GB", "BT1 1AA"), ("US", "10001"), True),
        (("CH", "8001"), ("LI", "9490"), False),
        (("CH", "8001"), ("DE", "10115"), True),
        (("", ""), ("", ""), True),
        (("GB", ""), ("", ""), True),
    ],
)
def test_borders(here: tuple[str, str], there: tuple[str, str], border: bool) -> None:
    assert crosses(*here, *there) is border
    assert crosses(*there, *here) is border


def goods(**changes: object) -> Goods:
    told: dict[str, object] = {
        "sku": "A", "description": "cotton cushion cover", "quantity": 3, "weight_g": 200, "hs_code": "630492",
        "origin": "IN", "value": Decimal("3.335"), **changes,
    }  # fmt: skip
    return Goods(**told)  # type: ignore[arg-type]


def test_pieces_declared_alike_are_one_line_and_amounts_are_rounded_once() -> None:
    told = declare([goods(), goods(quantity=1), goods(sku="B")], currency="GBP", signer="Ada")
    a, b = told.items
    assert (a.sku, a.quantity, a.value, a.weight_g) == ("A", 4, Decimal("13.34"), 800)
    assert (b.quantity, b.value) == (3, Decimal("10.01"))
    assert (told.value, told.weight_g) == (Decimal("23.35"), 1400)
    assert restored(stored(told)) == told


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hs_code": ""}, "no HS code"),
        ({"origin": "", "value": None}, "no country of origin and no customs value"),
        ({"weight_g": 0}, "no weight"),
    ],
)
def test_what_is_lacking_is_named_with_its_item_and_place(changes: dict[str, object], words: str) -> None:
    (reason,) = lacking([goods(**changes), goods(sku="B")])
    assert reason.words.startswith(f"A cannot go through customs: it has {words}")
    assert "Stock, Items, A" in reason.words
    with pytest.raises(ValueError, match="cannot be declared"):
        declare([goods(**changes)], currency="GBP", signer="Ada")


def test_items_that_outweigh_their_parcel_are_told() -> None:
    (reason,) = lacking([goods()], parcel_g=500)
    assert reason.code == "customs_weight" and "600 g" in reason.words
    assert lacking([goods()], parcel_g=600) == []
