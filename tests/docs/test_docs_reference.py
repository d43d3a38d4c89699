"""The reference says what the code says: all of it, and nothing else."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from channels.adapters.base import Account
from channels.adapters.csv_file import ALIASES, READ_WITH, CsvFile
from channels.adapters.csv_read import ADDRESS, LINE_COLUMNS, ORDER_COLUMNS
from inventory.rules import item_file
from oms.roles import ROLES
from orders.rules.reconcile import reconcile
from tests.docs import tables
from tests.docs.pages import ROOT, blocks

REFERENCE = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", tables.TABLES)
def test_tables_are_those_of_the_code(name: str) -> None:
    path, make = tables.TABLES[name]
    there = tables.between(name, (tables.DOCS / path).read_text(encoding="utf-8"))[2]
    assert there == make(), f"docs/{path} is behind the code: `python -m tests.docs.tables` writes it anew"


def test_every_permission_of_a_role_exists() -> None:
    assert set().union(*ROLES.values()) <= set(tables.permissions())


# -- settings ------------------------------------------------------------------------------------------------


def really_read() -> dict[str, str]:
    """What ``oms.settings`` reads in a process of its own, nothing set: name -> default."""
    told = "import json, oms.settings; from oms import env; print(json.dumps(env.READ))"
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )  # fmt: skip
    return json.loads(done.stdout)


def rows(section: str) -> dict[str, list[str]]:
    """The rows of a section of settings.md: each name -> its further cells."""
    text = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    part = text.split(f"## {section}\n")[1].split("\n## ")[0]
    found: dict[str, list[str]] = {}
    for line in part.splitlines():
        if line.startswith("| `"):
            names, *cells = (cell.strip() for cell in line.strip("|").split(" | "))
            found |= dict.fromkeys(re.findall(r"`(\w+)`", names), cells)
    return found


def example() -> dict[str, str]:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^#?([A-Z][A-Z_]+)=(.*)$", text, re.MULTILINE))


def asked_of_the_environment(folder: Path) -> set[str]:
    """Names that programs beside the settings ask for by themselves."""
    names = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.environ.get", "os.getenv"):
                names |= {arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    return names


def in_compose() -> set[str]:
    return set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text(encoding="utf-8")))


def test_settings_md_names_what_is_read() -> None:
    assert set(rows("The system")) == set(really_read())


def test_settings_md_tells_the_defaults() -> None:
    for name, default in really_read().items():
        said = rows("The system")[name][0]
        if name == "OMS_DATA_DIR":  # an absolute path of this machine
            assert default == str(ROOT / "var")
        elif default == "(a throw-away value)":  # a secret: SECRET_KEY is made anew, OMS_FIELD_KEY is empty
            assert "`" not in said, name
        else:
            assert said == (f"`{default}`" if default else "none"), name


def test_settings_md_names_what_make_and_compose_read() -> None:
    by_make = rows("`make` alone")
    assert asked_of_the_environment(ROOT / "oms" / "embedded") <= set(by_make)
    own = {"SECRET_KEY", "OMS_FIELD_KEY"}  # asked for by a loop over both
    assert set(by_make) == asked_of_the_environment(ROOT / "oms" / "embedded") | own
    assert set(rows("`compose.yaml` alone")) == in_compose()


def test_the_example_is_complete() -> None:
    assert set(example()) == set(really_read()) | in_compose()


def test_what_the_example_leaves_out_is_the_default() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    told = dict(re.findall(r"^#([A-Z][A-Z_]+)=(.*)$", text, re.MULTILINE))
    read = really_read()
    for name, value in told.items():
        if name != "OMS_DATA_DIR":
            assert read[name] == value, name


def test_the_example_can_be_read_by_systemd_and_compose() -> None:
    for name, value in example().items():
        assert not re.search(r"[\"'#]|\s$", value), (
            f"{name}: quotes and remarks would become part of the value"
        )


# -- orders from CSV files -----------------------------------------------------------------------------------


def test_csv_columns_and_their_other_names() -> None:
    text = (REFERENCE / "csv-orders.md").read_text(encoding="utf-8")
    of_order, of_line = (
        text.split(f"## Columns of the {part}\n")[1].split("\n## ")[0] for part in ("order", "line")
    )
    for section, columns in ((of_order, ORDER_COLUMNS), (of_line, LINE_COLUMNS)):
        told = {}
        for line in section.splitlines():
            if line.startswith("| `"):
                name, also, *_ = (cell.strip() for cell in line.strip("|").split("|"))
                told[name.strip("`")] = tuple(re.findall(r"`(\w+)`", also))
        assert set(told) == {name for name in columns if not name.startswith("billing_")}
        for name, also in told.items():
            assert also == ALIASES.get(name, ()), name
    assert {f"billing_{name}" for name in ADDRESS} <= ORDER_COLUMNS
    assert (ADDRESS[0], ADDRESS[-1]) == ("name", "email")


def test_csv_options() -> None:
    text = (REFERENCE / "csv-orders.md").read_text(encoding="utf-8").split("## Options of the channel")[1]
    told = {
        name
        for line in text.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert told == READ_WITH | {"delimiter", "encoding"}


def test_items_file_columns() -> None:
    text = (REFERENCE / "csv-items.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)`", text, re.MULTILINE)
    (block,) = (b for b in blocks("text") if b.page.name == "csv-items.md")
    found = item_file.read(block.text)
    assert not found.faults
    assert len(found.rows) == 2
    assert set(told) == set(item_file.COLUMNS)
    assert set(told) - {"barcode"} == {f.name for f in fields(item_file.Row)} - {"number", "barcodes"}


def test_the_csv_example_is_read_and_adds_up() -> None:
    (block,) = blocks("csv")
    adapter = CsvFile(Account("files", "", options={}))
    found = adapter.split(block.text.encode())
    assert not found.errors
    drafts = [adapter.read(order.body) for order in found.orders]
    assert [len(draft.lines) for draft in drafts] == [2, 1]
    assert all(not reconcile(draft).findings and draft.payments for draft in drafts)
