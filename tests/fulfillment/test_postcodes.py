"""Distances by imported postcodes: where the table reaches, and what a decision says where it does not."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from fulfillment.actions.find_postcodes import find_postcodes
from fulfillment.models import FulfillmentOrder, Postcode, RoutingDecision
from orders.drafts import AddressDraft
from tests import build, way

pytestmark = pytest.mark.django_db

BERLIN = "DE\t10115\tBerlin\tBerlin\tBE\t\t00\tBerlin\t11000\t52.53\t13.39\t4\n"
TWO_PLACES = (
    "DE\t80331\tM\u00fcnchen\t\t\t\t\t\t\t48.10\t11.50\t\nDE\t80331\tAltstadt\t\t\t\t\t\t\t48.20\t11.60\t\n"
)
DUTCH = "NL\t1012\tAmsterdam\t\t\t\t\t\t\t52.37\t4.90\t6\n"


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    file = tmp_path / "all.txt"
    file.write_text(BERLIN + TWO_PLACES + "\n" + DUTCH)
    call_command("import_postcodes", str(file), stdout=io.StringIO())
    return file


def test_the_longest_beginning_counts_and_several_places_have_a_middle(imported: Path) -> None:
    found = find_postcodes(
        [("DE", "10115"), ("DE", "80331"), ("NL", "1012 ab"), ("DE", "99999"), ("FR", "1012"), ("", "")]
    )
    assert set(found) == {("DE", "10115"), ("DE", "80331"), ("NL", "1012 ab")}
    assert found["NL", "1012 ab"] == (52.37, 4.90) and found["DE", "80331"] == pytest.approx((48.15, 11.55))


def test_a_file_replaces_its_countries_and_no_other(imported: Path) -> None:
    imported.write_text("DE\t20095\tHamburg\t\t\t\t\t\t\t53.55\t10.00\t\n")
    told = io.StringIO()
    call_command("import_postcodes", str(imported), stdout=told)
    assert told.getvalue() == "DE: 1 postcodes\n"
    assert set(Postcode.objects.values_list("country", "prefix")) == {("DE", "20095"), ("NL", "1012")}


@pytest.mark.parametrize(
    ("bad", "words"),
    [("DE\t10115\tBerlin\n", "Line 2"), (BERLIN.replace("52.53", "north"), "Line 2"), (BERLIN.replace("52.53", "95"), "Line 2"),
     (BERLIN.replace("DE", "Germany"), "Line 2"), (None, "no postcode")],
)  # fmt: skip
def test_a_bad_row_is_named_and_nothing_is_changed(imported: Path, bad: str | None, words: str) -> None:
    before = list(Postcode.objects.order_by("pk").values())
    imported.write_text("\n" if bad is None else BERLIN + bad)
    with pytest.raises(CommandError, match=words):
        call_command("import_postcodes", str(imported))
    assert list(Postcode.objects.order_by("pk").values()) == before


def decide(postcode: str, country: str = "DE") -> tuple[str, str]:
    """Where an order for this postcode is sent from, and how the decision tells its distance."""
    to = AddressDraft(name="Ada Smith", line1="Hauptstr. 1", city="Stadt", postcode=postcode, country=country)
    order = build.order([("A", 1)], shipping_address=to)
    way.work_of(order)
    words = RoutingDecision.objects.get(order=order).words
    return FulfillmentOrder.objects.get(order=order).location.code, words


def test_routing_takes_the_nearer_place_and_says_how_it_knows(imported: Path) -> None:
    item = build.item("A")
    for code, postcode in (("SOUTH", "80331"), ("NORTH", "10115")):
        place = build.location(code, country="DE", postcode=postcode, latitude=None, longitude=None)
        build.stock(item, 10, place)
    assert decide("10115")[0] == "NORTH" and decide("80331")[0] == "SOUTH"
    assert "Distance by its postcode." in decide("10115")[1]
    assert "middle of its country" in decide("99999")[1]
    Postcode.objects.all().delete()
    assert "middle of its country" in decide("10115")[1]
