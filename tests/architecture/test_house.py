"""The house holds: what the design says in words is checked here against the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models
from django_fsm import FSMField

ROOT = Path(__file__).resolve().parents[2]
STAIRCASE = ["core", "inventory", "orders", "fulfillment", "returns", "channels"]
APPS = ["inventory", "orders", "fulfillment", "returns", "channels"]


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not {"migrations", "twins", "demo"} & set(path.parts):
                yield path


def trees(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sources(*folders):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def fsm_fields() -> dict[str, set[str]]:
    """FSM column names of our models, by model name."""
    return {
        model.__name__: names
        for model in apps.get_models()
        if model._meta.app_label in APPS
        and (names := {f.name for f in model._meta.get_fields() if isinstance(f, FSMField)})
    }


def test_foreign_keys_only_point_down() -> None:
    floors = {label: n for n, label in enumerate(STAIRCASE)}
    for model in apps.get_models():
        label = model._meta.app_label
        for field in model._meta.get_fields():
            if label in floors and isinstance(field, models.ForeignKey | models.ManyToManyField):
                target = field.related_model._meta.app_label  # type: ignore[union-attr]
                assert target not in floors or floors[target] <= floors[label], (
                    f"{model.__name__}.{field.name}"
                )


def test_no_control_flow_by_signal_and_no_rooms_without_a_name() -> None:
    for path, tree in trees("oms", *APPS):
        assert path.name not in {"utils.py", "helpers.py", "services.py", "signals.py"}, path
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = {ast.unparse(d).split("(")[0] for d in node.decorator_list}
                assert "receiver" not in names, f"{path}: {node.name}"


def test_only_the_lifecycle_mover_writes_a_state() -> None:
    """``.update()`` and ``bulk_update`` pass django-fsm's protection by, so nobody may name a state there."""
    names = {name for fields in fsm_fields().values() for name in fields}
    assert names == {"state", "reception", "decision"}
    for path, tree in trees(*APPS):
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr in {"update", "update_or_create"}:
                written = {k.arg for k in node.keywords} & names
                assert not written, f"{path}:{node.lineno} writes {written}"
            if node.func.attr == "bulk_update":
                text = ast.unparse(node)
                assert not any(f"'{name}'" in text for name in names), f"{path}:{node.lineno}"


# A row may be born in a state other than its first: a fact that arrives finished, or demand without stock.
# or goods that are here before anybody asked for them back.
BIRTHS = {
    "Reservation": {"backordered"}, "Refund": {"succeeded"}, "Return": {"received"}, "ReturnLine": {"received"},
}  # fmt: skip


def test_rows_are_born_only_in_declared_states() -> None:
    lives = fsm_fields()
    for path, tree in trees(*APPS):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in lives:
                for keyword in node.keywords:
                    if keyword.arg in lives[node.func.id]:
                        value = ast.literal_eval(keyword.value)
                        assert value in BIRTHS.get(node.func.id, ()), f"{path}:{node.lineno}"


def test_every_state_column_has_its_check() -> None:
    for model in apps.get_models():
        if model.__name__ in fsm_fields() and model._meta.app_label in APPS:
            checks = " ".join(
                str(c.condition) for c in model._meta.constraints if isinstance(c, models.CheckConstraint)
            )
            for name in fsm_fields()[model.__name__]:
                assert f"{name}__in" in checks, f"{model.__name__}.{name}"


def test_transitions_do_nothing_of_their_own() -> None:
    """Actions call transitions, transitions never call anything: their bodies are empty."""
    for app in APPS:
        path = ROOT / app / "lifecycle.py"
        if not path.exists():
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and any(
                "transition" in ast.unparse(d) for d in node.decorator_list
            ):
                assert [type(s) for s in node.body] == [ast.Expr], f"{path}: {node.name}"


def test_only_move_stock_writes_levels() -> None:
    for path in sources("oms", *APPS):
        if path.name == "move_stock.py":
            continue
        text = path.read_text(encoding="utf-8")
        assert "UPDATE inventory_stocklevel" not in text, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                call = ast.unparse(node)
                if (
                    node.func.attr in {"update", "bulk_update", "save", "bulk_create"}
                    and "StockLevel" in call
                ):
                    named = {k.arg for k in node.keywords}
                    assert not named & {"on_hand", "reserved", "unavailable"}, f"{path}:{node.lineno}"


@pytest.mark.parametrize("app", ["inventory", "orders", "fulfillment", "returns"])
def test_rules_import_no_framework(app: str) -> None:
    for path, tree in trees(f"{app}/rules"):
        for node in ast.walk(tree):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in names:
                root = name.split(".")[0]
                assert root not in {"django", "rest_framework", "celery", "requests", "psycopg", "time"}, (
                    f"{path}: {name}"
                )


def test_doors_never_import_each_other() -> None:
    doors = {"admin", "api", "pages", "tasks", "handlers", "console"}
    for app in APPS:
        for door in doors:
            path = ROOT / app / f"{door}.py"
            if path.exists():
                for node in ast.walk(ast.parse(path.read_text())):
                    if isinstance(node, ast.ImportFrom) and node.module:
                        parts = node.module.split(".")
                        if door == "admin" and parts[-1] == "pages":
                            continue  # the admin gives its own pages their address
                        assert not (parts[0] in APPS and len(parts) > 1 and parts[1] in doors - {door}), (
                            f"{path}: {node.module}"
                        )


def test_every_wired_reaction_exists_and_every_job_has_its_task() -> None:
    from oms.core import checks

    assert checks.wiring(None) == []
    assert checks.schedule(None) == []


def test_test_files_have_names_of_their_own() -> None:
    """pytest collects files of one name in two folders as one."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted({n for n in names if names.count(n) > 1}) == []
