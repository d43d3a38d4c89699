"""Who may not see personal data sees none: on no page, in no list, in no file, whatever words carry it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.actions.reject_work import Rejecting, reject_work
from fulfillment.actions.reship_parcel import Reshipping, reship_parcel
from fulfillment.actions.track import record_scans
from fulfillment.carriers.base import Scan
from fulfillment.models import FulfillmentOrder, Label, Manifest, Shipment
from oms.core import inbox, journal
from oms.core.actors import SYSTEM
from oms.core.console.base import ConsoleAdmin
from oms.core.journal import Line
from oms.core.models import InboundMessage, OutboundEffect
from oms.core.personal import SEES, Veil
from oms.core.tokens import issue_token
from orders.actions.hold_orders import hold_orders
from orders.actions.note import add_note
from orders.models import Order, OrderChange, Refund
from returns.actions.match_returns import Matching, match_returns
from returns.actions.open import Opening, Wanted, open_returns
from returns.actions.receive_unannounced import Unannounced, receive_unannounced
from returns.models import Return
from tests.console.world import World

Browse = Callable[[str], Client]
pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "+44 115 496 0123"
SECRETS = ("Ada Smith", "ADA SMITH", "Smith", "12 Castle Gate", "NG1 7AQ", PHONE, "0115 496 0123", "@example.com",
           "7 Elm Avenue", "Grace Hopper")  # fmt: skip
ABOUT_HER = "Ada Smith (ada@example.com, +44 115 496 0123) of 12 Castle Gate, NG1 7AQ rang."


@pytest.fixture
def told(world: World) -> World:
    """The world, with her name wherever words come from people, shops and carriers."""
    order = world.shipped
    Order.objects.update(phone=PHONE)
    add_note([order.pk], text=ABOUT_HER, by=SYSTEM)
    hold_orders([world.waiting.pk], type="customer_request", words=ABOUT_HER, by=SYSTEM)
    there = "Grace Hopper, 7 Elm Avenue, Nottingham, NG1 7AQ, GB"
    OrderChange.objects.create(
        order=world.waiting, kind="address", words="another delivery address",
        ours={"order": "Ada Smith, 12 Castle Gate, Nottingham, NG1 7AQ, GB"}, theirs={"by": {"order": there}},
    )  # fmt: skip
    OrderChange.objects.create(
        order=world.waiting, kind="contact", words="another contact", ours={"order": "Ada Smith"},
        theirs={"by": {"order": "Grace Hopper, grace@example.com"}},
    )  # fmt: skip
    line = world.waiting.lines.first()
    assert line is not None
    parcel = Shipment.objects.get(fulfillment_order__order=order)
    at = timezone.now()
    record_scans([Scan(parcel.tracking_number, "delivered", "Signed for by ADA SMITH", at)], by=SYSTEM)
    Label.objects.create(
        shipment=parcel, attempt=7, state="requested", failure="No such street: 12 Castle Gate"
    )
    open_returns(
        [Opening(order.pk, [Wanted(order.lines.get().pk, 1, ABOUT_HER, faulty=True)], reason=ABOUT_HER)],
        by=SYSTEM,
    )
    _returned_without_papers(world)
    _rejected_and_sent_again(world, parcel)
    Refund.objects.update(reason=ABOUT_HER, failure=ABOUT_HER)
    OutboundEffect.objects.update(
        detail=ABOUT_HER,
        request={"to": {"name": "Ada Smith", "mail": "ada@example.com"}},
        response={"who": "Ada Smith"},
    )
    inbox.store(
        [inbox.Incoming("heart-and-home", "order", "5002", b'{"billing": {"first_name": "Ada Smith"}}')]
    )
    inbox.park(InboundMessage.objects.get(external_id="5002").pk, "unreadable", "billing: 12 Castle Gate")
    with transaction.atomic():
        journal.write(
            [Line.of(order, "edit", ABOUT_HER, data={"name": "Ada Smith", "line1": "12 Castle Gate"})],
            by=SYSTEM,
        )
    return world


def _returned_without_papers(world: World) -> None:
    """One that nobody knows the order of, from somebody whom no order names; and one that was found to be hers."""
    note = "Sender: Grace  Hopper, 7 Elm Avenue"
    lantern, place = world.items[1], world.places[0]
    (lost,) = receive_unannounced([Unannounced(place.pk, {lantern.pk: 1}, "k1", note)], by=SYSTEM)
    (sold,) = world.shipped.lines.all()
    assert sold.item_id
    (hers,) = receive_unannounced(
        [Unannounced(place.pk, {sold.item_id: 1}, "k2", "from Grace Hopper")], by=SYSTEM
    )
    match_returns([Matching(hers.pk, world.shipped.pk)], by=SYSTEM)
    assert lost.order_id is None


def _rejected_and_sent_again(world: World, parcel: Shipment) -> None:
    reship_parcel(Reshipping(parcel.pk, ABOUT_HER), by=SYSTEM)
    work = FulfillmentOrder.objects.filter(state="released").order_by("pk").first()
    assert work is not None
    reject_work([Rejecting(work.pk, "cannot_send", note=ABOUT_HER)], by=SYSTEM)
    Manifest.objects.update(failure=ABOUT_HER)
    Shipment.objects.update(quote_problems=["Post: no such street: 12 Castle Gate"])


def reader(*, but: str) -> Client:
    """One who may do everything but one thing: the most that can be seen without it."""
    user = User.objects.create(username="nearly-all", is_staff=True)
    app, _, codename = but.partition(".")
    allowed = Permission.objects.exclude(content_type__app_label=app, codename=codename)
    user.user_permissions.set(allowed)
    assert not user.has_perm(but)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def everything(client: Client, world: World) -> Iterator[tuple[str, str]]:
    """Address and content of home, all lists, their files, the pages of all rows, and searches."""
    addresses = [reverse("admin:index")]
    for page in (a for a in admin.site._registry.values() if isinstance(a, ConsoleAdmin)):
        name = f"admin:{page.opts.app_label}_{page.opts.model_name}"
        addresses += [reverse(f"{name}_changelist"), reverse(f"{name}_csv")]
        rows = page.model._default_manager.order_by("pk").values_list("pk", flat=True)
        addresses += [reverse(f"{name}_change", args=[pk]) for pk in rows]
    addresses.append(reverse("admin:returns_return_unannounced"))
    lost = Return.objects.get(order=None)
    addresses.append(f"{reverse('console:press', args=['returns.match'])}?ids={lost.pk}")
    for text in (world.shipped.number, "T-", "RM", world.shipped.email, "85123A"):
        addresses.append(f"{reverse('console:find')}?q={text}")
    for address in addresses:
        answer = client.get(address)
        if answer.status_code == 200:
            body = b"".join(answer) if answer.streaming else answer.content  # type: ignore[arg-type]
            yield address, body.decode()


@pytest.mark.parametrize("role", ["read-only", "nearly-all"])
def test_no_page_names_her(told: World, browse: Browse, role: str) -> None:
    client = reader(but=SEES) if role == "nearly-all" else browse(role)
    opened, leaks = 0, {}
    for address, text in everything(client, told):
        if "find" in address:
            text = text.replace(told.shipped.email, "(what was typed)")
        if found := [secret for secret in SECRETS if secret in text]:
            leaks[address] = (found, text[max(0, text.find(found[0]) - 100) :][:200])
        opened += 1
    assert not leaks
    assert opened > 60


def test_who_may_see_her_does(told: World, browse: Browse) -> None:
    """The same pages, with the right: so the test above looks where she is."""
    whole = "".join(text for _, text in everything(browse("clerk"), told))
    for secret in SECRETS:
        assert secret in whole or secret in ("0115 496 0123",), secret
    assert whole.count("Ada Smith") > 20


WHOLE = ("orders", "refunds", "fulfillment-orders", "parcels", "manifests", "returns")
LISTS = (*WHOLE, "movements", "levels", "receipts", "reservations", "items", "locations", "carriers")


def everything_in_the_api(client: Client, headers: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Address and content of all lists and of every row in them."""
    for name in LISTS:
        answer = client.get(f"/api/v1/{name}", headers=headers)
        assert answer.status_code == 200, (name, answer.content)
        yield name, answer.content.decode()
        for row in answer.json()["results"] if name in WHOLE else ():
            one = client.get(f"/api/v1/{name}/{row['id']}", headers=headers)
            assert one.status_code == 200
            yield f"{name}/{row['id']}", one.content.decode()


READS = ("orders:read", "stock:read", "fulfillment:read", "returns:read")


@pytest.mark.parametrize("who", ["read-only", "nearly-all", "token"])
def test_the_api_names_her_to_nobody_either(told: World, browse: Browse, who: str) -> None:
    headers = {}
    if who == "token":
        client = Client()
        headers = {"Authorization": f"Bearer {issue_token('dashboard', READS, by=SYSTEM)[1]}"}
    else:
        client = reader(but=SEES) if who == "nearly-all" else browse(who)
    leaks = {}
    for address, text in everything_in_the_api(client, headers):
        # A return's number and the like are nobody's; the ways to her own page are hers.
        if found := [secret for secret in (*SECRETS, "/track/") if secret in text]:
            leaks[address] = (found, text[max(0, text.find(found[0]) - 100) :][:200])
    assert not leaks


@pytest.mark.parametrize("who", ["clerk", "token"])
def test_the_api_names_her_to_whoever_may_see_her(told: World, browse: Browse, who: str) -> None:
    headers, client = {}, browse("clerk")
    if who == "token":
        client = Client()
        key = issue_token("mailer", [*READS, "orders:personal"], by=SYSTEM)[1]
        headers = {"Authorization": f"Bearer {key}"}
    whole = dict(everything_in_the_api(client, headers))
    text = "".join(whole.values())
    assert all(secret in text for secret in SECRETS if secret != "0115 496 0123")
    order = whole[f"orders/{told.shipped.pk}"]
    assert ABOUT_HER in order and "/track/" in order
    (refund,) = [text for address, text in whole.items() if address.startswith("refunds/")][:1]
    assert refund.count(ABOUT_HER) == 2, "reason and failure"


def test_a_list_of_the_api_reads_her_people_once(told: World, browse: Browse) -> None:
    client = browse("read-only")
    with CaptureQueriesContext(connection) as seen:
        assert client.get("/api/v1/returns").json()["results"]
    start = 'SELECT "orders_order"."id" AS "pk", "orders_order"."customer_name"'
    assert len([q for q in seen.captured_queries if q["sql"].startswith(start)]) == 1


def test_the_customers_own_page_is_handed_out_by_those_who_see_her(told: World, browse: Browse) -> None:
    address = reverse("admin:orders_order_change", args=[told.shipped.pk])
    assert "/track/" in browse("support").get(address).content.decode()
    for client in (browse("read-only"), reader(but=SEES)):
        assert "/track/" not in client.get(address).content.decode()


def test_goods_without_papers_are_not_matched_by_a_persons_address(told: World) -> None:
    client, lost = reader(but=SEES), Return.objects.get(order=None)
    asked = {"ids": lost.pk, "press": "once", "order": told.shipped.email}
    answer = client.post(reverse("console:press", args=["returns.match"]), asked)
    assert answer.status_code == 422 and "needs the right" in answer.content.decode()
    assert Return.objects.get(order=None) == lost


def test_nobody_finds_a_person_without_the_right(told: World, browse: Browse) -> None:
    for client in (browse("read-only"), reader(but=SEES)):
        page = client.get(reverse("console:find"), {"q": told.shipped.email})
        assert page.status_code == 200 and "needs the right" in page.content.decode()
        assert told.shipped.number not in page.content.decode()
        for name in ("changelist", "csv"):
            answer = client.get(reverse(f"admin:orders_order_{name}"), {"q": told.shipped.email})
            text = (b"".join(answer) if answer.streaming else answer.content).decode()  # type: ignore[arg-type]
            assert told.shipped.number not in text
    found = browse("support").get(reverse("admin:orders_order_changelist"), {"q": told.shipped.email})
    again = Order.objects.get(replaces__shipment__fulfillment_order__order=told.shipped)
    assert [order.pk for order, *_ in found.context["rows"]] == [again.pk, told.shipped.pk]


@pytest.mark.parametrize(
    "lookup", ["email__startswith", "customer_name", "shipping_address__name", "note__contains"]
)
def test_nobody_asks_the_address_for_her(told: World, browse: Browse, lookup: str) -> None:
    value = {"email__startswith": told.shipped.email[:4], "note__contains": "neighbour"}.get(
        lookup, "Ada Smith"
    )
    for page in ("changelist", "csv"):
        address = reverse(f"admin:orders_order_{page}")
        assert browse("read-only").get(address, {lookup: value}).status_code == 400
        assert browse("support").get(address, {lookup: value}).status_code == 200
        asked = {
            "source": "test-shop",
            "placed_at__gte": "2026-01-01",
            "fulfillment_status": "shipped",
            "state": "open",
        }
        assert browse("read-only").get(address, asked).status_code == 200


def test_her_people_are_read_once_for_a_list(told: World, browse: Browse) -> None:
    client = browse("read-only")
    with CaptureQueriesContext(connection) as seen:
        client.get(reverse("admin:orders_refund_changelist"))
    start = 'SELECT "orders_order"."id" AS "pk", "orders_order"."customer_name"'
    asked = [
        q["sql"] for q in seen.captured_queries if q["sql"].startswith((start, start.replace(' AS "pk"', "")))
    ]
    assert len(asked) == 1


# -- the veil itself


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Ada Smith rang", "A••• S••• rang"),
        ("ADA was here", "A••• was here"),
        ("write to bob.b@mail.example now", "write to b•••@m••• now"),
        ("ring 0115 496 0123 or +49 30 1234567.", "ring 0••• 4••• 0••• or +••• 3••• 1•••."),
        ("12 Castle Gate is shut", "1••• C••• G••• is shut"),
        ("Ada  Smith,\n12\tCastle Gate", "A••• S•••,\n1••• C••• G•••"),
        ("Adam Smithson stays", "Adam Smithson stays"),
        ("3 × 85123A, order T-1001, 5012345678900", "3 × 85123A, order T-1001, 5012345678900"),
        ("2026-11-28 19:24", "2026-11-28 19:24"),
    ],
)
def test_what_the_veil_lets_through(text: str, seen: str) -> None:
    veil = Veil(["Ada Smith", "12 Castle Gate", "", "GB"])
    assert veil(text) == seen
    assert veil({"a": [text, 3]}) == {"a": [seen, 3]}
    assert Veil(lifted=True)(text) == text


@given(st.text(), st.text(min_size=3).filter(lambda name: len(" ".join(name.split())) > 2))
def test_a_known_name_never_stands_alone(around: str, name: str) -> None:
    name = " ".join(name.split())
    assert (
        f" {name} " not in f" {Veil([name])(f'{around} {name}')} "
        or "•" in name
        or name == Veil()(name) == ""
    )
