"""Who gets in, how errors look, once per key, page by page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.models import Item
from oms.core.api import idempotency
from oms.core.api.idempotency import Call
from oms.core.models import ApiToken, IdempotencyRecord, JournalEntry
from oms.core.tokens import SCOPES, find_token, known_scope
from tests import build
from tests.api.conftest import Caller, fields, reasons

pytestmark = pytest.mark.django_db

NEW = {"sku": "MUG", "name": "A mug", "weight_g": 300, "barcodes": ["5000000000017"]}


# -- who gets in


def test_nobody_gets_in_without_a_name() -> None:
    answer = Caller().read("items")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "not_authenticated"


@pytest.mark.parametrize(
    "spoiled", ["", "oms_", "oms_0123456789_wrong", "nonsense", "oms_0123456789", "a b c"]
)
def test_a_wrong_token_opens_nothing(api: Caller, spoiled: str) -> None:
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {spoiled}")
    assert api.read("items").status_code == 401


def test_only_a_hash_of_the_key_is_kept(token: Callable[..., Caller]) -> None:
    key = token("stock:read")._credentials["HTTP_AUTHORIZATION"].partition(" ")[2]
    row = ApiToken.objects.get()
    kept = repr([getattr(row, f.attname) for f in row._meta.fields])
    assert key not in kept and key.rpartition("_")[2] not in kept
    assert find_token(key) == row
    # The prefix alone, with another secret, is nobody.
    assert find_token(key[:-1] + ("a" if key[-1] != "a" else "b")) is None


@pytest.mark.parametrize("column", ["revoked_at", "expires_at"])
def test_a_token_ends(api: Caller, column: str) -> None:
    assert api.read("items").status_code == 200
    ApiToken.objects.update(**{column: timezone.now() - timedelta(seconds=1)})
    assert api.read("items").status_code == 401


@pytest.mark.parametrize(
    ("scopes", "status"),
    [(["stock:read"], 200), (["stock:*"], 200), (["*"], 200), (["stock:write"], 403), (["orders:*"], 403)],
)
def test_a_scope_opens_its_own_doors(token: Callable[..., Caller], scopes: list[str], status: int) -> None:
    assert token(*scopes).read("items").status_code == status


def test_reading_is_not_writing(token: Callable[..., Caller], nothing_changed: Any) -> None:
    reader = token("stock:read")
    with nothing_changed(Item, IdempotencyRecord):
        answer = reader.send("items", NEW)
    assert answer.status_code == 403 and reasons(answer) == ["forbidden"]


def test_a_person_needs_the_permission_of_the_console(person: Callable[..., Caller]) -> None:
    looker = person("inventory.view_item")
    assert looker.read("items").status_code == 200
    assert looker.send("items", NEW).status_code == 403
    assert person("inventory.add_item", name="bob").send("items", NEW).status_code == 201
    assert JournalEntry.objects.get(verb="add").actor == "user:bob"


def test_a_session_without_csrf_token_is_refused(person: Callable[..., Caller]) -> None:
    answer = person("inventory.add_item", checks_csrf=True).send("items", NEW)
    assert answer.status_code == 403 and not Item.objects.exists()


def test_the_journal_names_the_token(token: Callable[..., Caller]) -> None:
    assert token("stock:write", name="Till 3").send("items", NEW).status_code == 201
    assert JournalEntry.objects.get(verb="add").actor == "token:Till 3"


def test_use_is_noted_to_the_minute_and_costs_no_write_per_call(api: Caller) -> None:
    assert ApiToken.objects.get().last_used_at is None
    api.read("items")
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    with CaptureQueriesContext(connection) as seen:
        api.read("items")
    assert not [q for q in seen if "UPDATE" in q["sql"]]
    assert ApiToken.objects.get().last_used_at == first


def test_every_scope_is_known_and_no_other() -> None:
    assert all(known_scope(s) for s in [*SCOPES, "*", "orders:*", "returns:*"])
    assert not any(known_scope(s) for s in ["", "orders", "orders:", "nobody:*", ":*", "orders:all"])


# -- tokens by API and by command


def test_people_make_tokens_and_their_key_is_told_once(person: Callable[..., Caller]) -> None:
    boss = person("core.add_apitoken", "core.view_apitoken", "core.change_apitoken")
    body = {"name": "Webshop", "scopes": ["orders:write"]}
    made = boss.send("tokens", body, key="one")
    again = boss.send("tokens", body, key="one")
    key = made.json()["key"]
    assert made.status_code == 201 and key.startswith("oms_")
    assert again.status_code == 201 and again.json() == {**made.json(), "key": None}
    assert key not in repr(list(IdempotencyRecord.objects.values_list("answer", flat=True)))
    assert "key" not in boss.read("tokens").json()["results"][0]
    program = Caller()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    assert program.read("tokens/me").json()["scopes"] == ["orders:write"]
    revoked = boss.send(f"tokens/{made.json()['id']}/revoke")
    assert revoked.status_code == 200 and revoked.json()["revoked_at"]
    assert program.read("tokens/me").status_code == 401
    assert JournalEntry.objects.filter(verb__in=["issue", "revoke"]).count() == 2


def test_a_token_makes_no_tokens(api: Caller) -> None:
    assert api.send("tokens", {"name": "more", "scopes": ["*"]}).status_code == 403
    assert api.read("tokens").status_code == 403
    assert ApiToken.objects.count() == 1


def test_an_unknown_scope_is_no_scope(person: Callable[..., Caller]) -> None:
    answer = person("core.add_apitoken").send(
        "tokens", {"name": "x", "scopes": ["orders:read", "orders:everything"]}
    )
    assert answer.status_code == 400 and fields(answer) == ["scopes"] and not ApiToken.objects.exists()


def test_the_command_makes_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("make_token", "Till", "--scope", "orders:read", "--scope", "stock:*", "--days", "30")
    key = capsys.readouterr().out.strip().splitlines()[-1]
    token = find_token(key)
    assert token is not None and token.scopes == ["orders:read", "stock:*"]
    assert token.expires_at is not None and token.expires_at > timezone.now() + timedelta(days=29)


# -- errors


def test_every_error_has_the_one_envelope(api: Caller) -> None:
    answers = {
        400: api.read("items", limit="50", cursor="nonsense"),
        404: api.read("orders/999999"),
        405: api.delete("/api/v1/items"),
        406: api.get("/api/v1/items", HTTP_ACCEPT="text/csv"),
        415: api.post("/api/v1/items", "a=b", content_type="text/plain", HTTP_IDEMPOTENCY_KEY="x"),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        error = answer.json()["error"]
        assert set(error) == {"code", "message", "reasons", "request_id"} and error["reasons"]
        assert answer["X-Request-ID"] == error["request_id"]


def test_an_address_that_is_nowhere_answers_in_the_envelope_too() -> None:
    answer = Caller().read("no/such/thing")
    assert answer.status_code == 404 and reasons(answer) == ["not_found"]


def test_the_callers_request_id_is_kept_when_it_is_a_sensible_one(api: Caller) -> None:
    assert api.get("/api/v1/items", HTTP_X_REQUEST_ID="trace-7")["X-Request-ID"] == "trace-7"
    assert api.get("/api/v1/items", HTTP_X_REQUEST_ID="a b\tc<script>")["X-Request-ID"] != "a b\tc<script>"


def test_malformed_json_is_told_as_such(api: Caller) -> None:
    answer = api.post("/api/v1/items", "{", content_type="application/json", HTTP_IDEMPOTENCY_KEY="x")
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "parse_error"


def test_a_fault_of_ours_shows_nothing_of_our_inside(api: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr("inventory.api.items.add_items", broken)
    answer = api.send("items", NEW)
    assert answer.status_code == 500 and "secret" not in answer.content.decode()
    assert answer.json()["error"]["request_id"] == answer["X-Request-ID"]
    assert not IdempotencyRecord.objects.exists()


def test_a_misspelt_field_is_refused_and_named(api: Caller) -> None:
    answer = api.send("items", {**NEW, "wieght": 3})
    assert answer.status_code == 400 and fields(answer) == ["wieght"] and reasons(answer) == ["unknown_field"]


def test_too_many_calls_are_slowed_down(api: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    from rest_framework.throttling import ScopedRateThrottle

    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", {"api": "2/min", "webhooks": "2/min"})
    answers = [api.read("items") for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0 and reasons(answers[-1]) == ["throttled"]


# -- once per key


def test_a_post_needs_a_key(api: Caller, nothing_changed: Any) -> None:
    with nothing_changed(Item):
        answer = api.send("items", NEW, key="")
        assert api.send("items", NEW, key="x" * 201).status_code == 400
    assert answer.status_code == 400 and fields(answer) == ["Idempotency-Key"]


def test_the_same_call_again_gets_the_first_answer(api: Caller) -> None:
    first, again = api.send("items", NEW, key="k"), api.send("items", dict(reversed(NEW.items())), key="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() and Item.objects.count() == 1
    assert again["Idempotent-Replayed"] == "true" and not first.has_header("Idempotent-Replayed")


def test_the_same_key_for_something_else_is_refused(api: Caller) -> None:
    api.send("items", NEW, key="k")
    other_body = api.send("items", {**NEW, "sku": "CUP"}, key="k")
    other_place = api.send("levels/adjust", NEW, key="k")
    assert other_body.status_code == other_place.status_code == 422
    assert reasons(other_body) == ["key_reused"] and Item.objects.count() == 1


def test_keys_of_others_are_not_ours(token: Callable[..., Caller]) -> None:
    one, two = token("stock:*", name="same name"), token("stock:*", name="same name")
    assert one.send("items", NEW, key="k").status_code == 201
    other = two.send("items", {**NEW, "sku": "CUP", "barcodes": []}, key="k")
    assert other.status_code == 201 and not other.has_header("Idempotent-Replayed")


def test_what_was_refused_may_be_tried_again_with_its_key(api: Caller) -> None:
    build.item("MUG")
    assert api.send("items", NEW, key="k").status_code == 409
    Item.objects.all().delete()
    assert api.send("items", NEW, key="k").status_code == 201


def test_a_crash_leaves_neither_the_deed_nor_its_record(api: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = IdempotencyRecord.objects.bulk_create

    def dies(records: Any) -> None:
        plain(records)
        raise SystemExit("the power went")

    monkeypatch.setattr(IdempotencyRecord.objects, "bulk_create", dies)
    with pytest.raises(SystemExit):
        api.send("items", NEW, key="k")
    monkeypatch.undo()
    assert not Item.objects.exists() and not IdempotencyRecord.objects.exists()
    assert api.send("items", NEW, key="k").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_second_call_while_the_first_is_under_way_is_told_to_wait(api: Caller) -> None:
    """The first holds its lock in a connection of its own; when that ends, the way is free."""
    holds, go = threading.Event(), threading.Event()
    owner = f"api:token:{ApiToken.objects.get().prefix}"

    def first() -> None:
        try:
            with transaction.atomic():
                assert idempotency._alone([Call(owner, "k", "")]) == [True]
                holds.set()
                go.wait(10)
        finally:
            connections.close_all()

    worker = threading.Thread(target=first)
    worker.start()
    assert holds.wait(10)
    waiting = api.send("items", NEW, key="k")
    other = api.send("items", {**NEW, "sku": "CUP", "barcodes": []}, key="another")
    go.set()
    worker.join(10)
    assert (
        waiting.status_code == 409 and waiting["Retry-After"] == "1" and reasons(waiting) == ["in_progress"]
    )
    assert other.status_code == 201
    assert api.send("items", NEW, key="k").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_with_one_key_do_it_once(token: Callable[..., Caller]) -> None:
    callers = [token("stock:*")]
    callers += [Caller() for _ in range(9)]
    for caller in callers[1:]:
        caller._credentials = callers[0]._credentials
    answers: list[Any] = []
    gate = threading.Barrier(len(callers))

    def call(caller: Caller) -> None:
        try:
            gate.wait(10)
            answers.append(caller.send("items", NEW, key="race"))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=call, args=[c]) for c in callers]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    statuses = {a.status_code for a in answers}
    assert len(answers) == 10 and 201 in statuses and statuses <= {201, 409}
    assert Item.objects.count() == 1 and JournalEntry.objects.filter(verb="add").count() == 1


# -- page by page


def test_pages_meet_every_row_once_and_count_nothing(api: Caller) -> None:
    made = [build.item(f"S{n:02}").pk for n in range(25)]
    met: list[int] = []
    answer = api.read("items", limit=10)
    while True:
        body = answer.json()
        met += [row["id"] for row in body["results"]]
        if len(met) == 10:
            build.item("NEWER")  # what comes in between moves no page
        if not body["next"]:
            break
        with CaptureQueriesContext(connection) as seen:
            answer = api.get(body["next"])
        assert not [q for q in seen if "COUNT(" in q["sql"].upper()]
    assert met == sorted(made, reverse=True)


def test_a_page_is_never_endless(api: Caller) -> None:
    Item.objects.bulk_create([Item(sku=f"S{n}", name="x") for n in range(230)])
    assert len(api.read("items", limit=100000).json()["results"]) == 200
    assert len(api.read("items").json()["results"]) == 50


@pytest.mark.parametrize("spoiled", ["x", "cD1ub25zZW5zZQ==", "cD0tNQ==", "%00"])
def test_a_spoiled_cursor_is_told(api: Caller, spoiled: str) -> None:
    answer = api.read("items", cursor=spoiled)
    assert answer.status_code == 400 and fields(answer) == ["cursor"]
