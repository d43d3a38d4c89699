"""The description of the API: without a warning, without a gap, and what the doors really do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
import yaml
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from schemathesis import checks, specs

from oms.core.actors import SYSTEM
from oms.core.tokens import SCOPES, issue_token
from oms.wsgi import application
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
        assert (403 in answers and "Needs the scope" in operation.get("description", "")) or path.endswith(
            "/tokens/me"
        ), path
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

SEED = 20261122


@pytest.fixture
def house(db: None) -> str:
    """A house with something of everything in it; gives a key that opens all doors."""
    way.deliver(way.shipped([("A", 2)]))
    build.stock(build.item("B"), 9)
    way.work_of(build.order([("B", 2)]))
    build.order([("NOBODY", 1)])
    return issue_token("schemathesis", ["*"], by=SYSTEM)[1]


@pytest.mark.django_db
def test_every_answer_is_a_documented_one(house: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each operation is called with what its description allows and with what it does not: no answer may be
    one that the description does not know, and none a fault of ours."""
    from rest_framework.throttling import ScopedRateThrottle

    monkeypatch.setattr(ScopedRateThrottle, "allow_request", lambda self, request, view: True)
    described = schemathesis.openapi.from_wsgi("/api/v1/schema/", application)
    config = hypothesis.settings(
        max_examples=6, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate],
    )  # fmt: skip
    wanted = [
        checks.not_a_server_error,
        specs.openapi.checks.status_code_conformance,
        specs.openapi.checks.content_type_conformance,
        specs.openapi.checks.response_schema_conformance,
    ]
    statuses: dict[str, set[int]] = {}
    for result in described.get_all_operations():
        operation = result.ok()

        @config
        @hypothesis.seed(SEED)
        @hypothesis.given(case=operation.as_strategy())
        def call(case: Any, label: str = operation.label) -> None:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {house}"}
            response = case.call_and_validate(checks=wanted)
            statuses.setdefault(label, set()).add(response.status_code)

        with contextlib.ExitStack():
            call()
    assert len(statuses) > 50
    # It would prove nothing if all were turned away at the door.
    assert not any(
        status == 401 for seen in statuses.values() for status in seen if "webhooks" not in str(seen)
    )
    assert sum(200 in seen for seen in statuses.values()) > 10
