"""The description of the API: without a warning, without a gap, and what the doors really do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
import yaml
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fulfillment.models import FulfillmentOrder, Shipment
from inventory.models import Item, StockLevel
from oms.core.actors import SYSTEM
from oms.core.tokens import SCOPES, issue_token
from oms.wsgi import application
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.models import Order, Refund
from orders.rules.refund_amount import RefundAsk
from returns.actions.open import Opening, Wanted, open_returns
from returns.models import Return
from tests import build, way

METHODS = {"get", "post", "patch", "put", "delete"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(public=True)


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


def test_it_is_made_without_a_warning(tmp_path: Any) -> None:
    file = tmp_path / "schema.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(file))
    assert yaml.safe_load(file.read_text())["openapi"].startswith("3.1")


def test_every_operation_says_what_it_does_and_what_can_go_wrong(schema: dict[str, Any]) -> None:
    found = list(operations(schema))
    assert len(found) > 50
    for path, method, operation in found:
        answers = {int(status) for status in operation["responses"]}
        assert operation["summary"].endswith("."), path
        assert answers & {200, 201, 202}, path
        assert {400, 401, 404, 429, 500, 503} <= answers, path
        if "webhooks" in path:
            continue
        words = operation.get("description", "")
        assert "Needs the scope" in words or "For people only" in words or path.endswith("/tokens/me"), path
        assert 403 in answers, path
        if method == "post":
            assert {409, 422} <= answers, path
            keys = [p for p in operation["parameters"] if p["name"] == "Idempotency-Key"]
            assert keys and keys[0]["required"] and keys[0]["in"] == "header", path


def test_every_scope_is_asked_for_somewhere_and_no_unknown_one(schema: dict[str, Any]) -> None:
    text = " ".join(operation.get("description", "") for _, _, operation in operations(schema))
    for scope in SCOPES:
        assert f"`{scope}`" in text or scope in {"orders:refund-any"}, scope


def test_every_list_is_paged_and_none_is_counted(schema: dict[str, Any]) -> None:
    pages = [name for name in schema["components"]["schemas"] if name.startswith("Paginated")]
    assert pages
    for name in pages:
        assert set(schema["components"]["schemas"][name]["properties"]) == {"next", "previous", "results"}


def test_an_amount_never_stands_without_its_currency(schema: dict[str, Any]) -> None:
    """Wherever an amount is told, its currency is told beside it."""
    for name, shape in schema["components"]["schemas"].items():
        told = shape.get("properties", {})
        if any(value.get("format") == "decimal" and value.get("readOnly") for value in told.values()):
            assert "currency" in told, name


@pytest.mark.django_db
def test_swagger_asks_nobody_outside(settings: Any) -> None:
    page = Client().get("/api/v1/docs/")
    text = page.content.decode()
    assert page.status_code == 200 and "swagger-ui" in text
    assert "http://" not in text and "https://" not in text and 'src="//' not in text
    assert Client().get("/api/v1/schema/").status_code == 200


# -- what the doors really do, with what nobody would think of sending

MODELS = {
    "orders": Order,
    "items": Item,
    "levels": StockLevel,
    "fulfillment-orders": FulfillmentOrder,
    "parcels": Shipment,
    "refunds": Refund,
    "returns": Return,
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def house(db: None) -> str:
    """A house with something of everything in it; gives a key that opens all doors."""
    way.deliver(way.shipped([("A", 2)]))
    build.stock(build.item("B"), 9)
    way.work_of(build.order([("B", 2)]))
    build.order([("NOBODY", 1)])
    order = way.deliver(way.shipped([("C", 1)]))
    open_returns([Opening(order.pk, [Wanted(order.lines.get().pk, 1)])], by=SYSTEM)
    approve_refund(Refunding(order.pk, RefundAsk(whole=True)), by=SYSTEM)
    return issue_token("schemathesis", ["*"], by=SYSTEM)[1]


@pytest.mark.django_db(transaction=True)
def test_every_answer_is_a_documented_one(house: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each operation is called with what its description allows and with what it does not: no answer may be
    one that the description does not know, and none a fault of ours."""
    from rest_framework.throttling import ScopedRateThrottle

    monkeypatch.setattr(ScopedRateThrottle, "allow_request", lambda self, request, view: True)
    seen: dict[str, Counter[int]] = {}
    for result in schemathesis.openapi.from_wsgi("/api/v1/schema/", application).get_all_operations():
        operation = result.ok()
        seen[operation.label] = _call(operation, house)
    assert len(seen) > 50
    # It would prove nothing if all were turned away at the door.
    for label, statuses in seen.items():
        assert "webhooks" in label or not statuses[401], label
    answered = [label for label, statuses in seen.items() if statuses[200] or statuses[201]]
    assert len(answered) > 20, answered


def _call(operation: Any, key: str) -> Counter[int]:
    """Every other call is about a row that is there."""
    statuses: Counter[int] = Counter()
    model = MODELS.get(operation.path.removeprefix("/api/v1/").partition("/")[0])
    real = model.objects.order_by("pk").values_list("pk", flat=True).first() if model else None

    @hypothesis.seed(20261122)
    @hypothesis.settings(
        max_examples=6,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def call(case: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {key}"}
        if "id" in case.path_parameters and sum(statuses.values()) % 2:
            case.path_parameters["id"] = real
        answer = case.call()
        statuses[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    call()
    return statuses
