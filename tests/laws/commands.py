"""Which commands write the books, read from the code itself: what the law machine must know.

The books are stock levels, reservations, movements, the counters of order lines, payments and refunds. A function
of an ``actions`` folder writes them when it does so in its own lines, or when it names a function that does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.db import models
from django_fsm import FSMField

from inventory.models import Reservation, StockLevel, StockMovement
from orders.models import OrderLine, PaymentTransaction, Refund, RefundLine

ROOT = Path(__file__).resolve().parents[2]
APPS = ("inventory", "orders", "fulfillment", "returns", "channels")

BOOKS = (StockLevel, StockMovement, Reservation, PaymentTransaction, Refund, RefundLine)
COUNTERS = {f.name for f in OrderLine._meta.fields if type(f) is models.PositiveIntegerField} - {"position"}
BORN = {model.__name__ for model in (*BOOKS, OrderLine)}
SQL = re.compile(
    rf"(UPDATE|INSERT INTO|DELETE FROM)\s+({'|'.join(m._meta.db_table for m in (*BOOKS, OrderLine))})\b"
)
WRITES = {
    "insert", "insert_rows", "write_columns", "create", "bulk_create", "update", "bulk_update", "save",
    "get_or_create", "update_or_create", "delete",
}  # fmt: skip


def _moves(model: type[models.Model]) -> set[str]:
    (state,) = (f for f in model._meta.get_fields() if isinstance(f, FSMField))
    return {transition.name for transition in state.get_all_transitions(model)}


MOVES = {model.__name__: _moves(model) for model in (Reservation, Refund)}

Name = tuple[str, str]
"""(module, function)"""


@dataclass
class Module:
    """A file: what it defines at its top, and where the names it imports come from."""

    name: str
    tops: dict[str, ast.AST] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, name: str, text: str) -> Module:
        made = cls(name)
        for node in ast.walk(tree := ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module:
                made.imports |= {a.asname or a.name: (node.module, a.name) for a in node.names}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                made.tops[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if isinstance(target, ast.Name):
                        made.tops[target.id] = node
        return made

    def names(self, top: str) -> Iterator[Name]:
        """What the lines of ``top`` name: functions of this file and of others."""
        for node in ast.walk(self.tops[top]):
            if isinstance(node, ast.Name) and node.id != top:
                if node.id in self.tops:
                    yield self.name, node.id
                elif node.id in self.imports:
                    yield self.imports[node.id]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                folder, file = self.imports.get(node.value.id, ("", ""))
                yield f"{folder}.{file}", node.attr

    def writes(self, top: str) -> bool:
        """Does ``top`` write the books in its own lines?"""
        for node in ast.walk(self.tops[top]):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
                return True
            if isinstance(node, ast.Call) and self._writes(node):
                return True
        return False

    def _writes(self, call: ast.Call) -> bool:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in BORN:
            return True
        text = {node.value for node in ast.walk(call) if isinstance(node, ast.Constant)}
        if name == "move":
            return any(text & moves for model, moves in MOVES.items() if model in self.imports)
        if name not in WRITES:
            return False
        named = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
        if named & {model.__name__ for model in BOOKS} or (name == "insert" and named & BORN):
            return True
        columns = {k.arg for k in call.keywords} | (set() if name == "save" else text)
        return bool(columns & COUNTERS)


def modules() -> dict[str, Module]:
    """All files of the ``actions`` folders, by module name."""
    found = {}
    for app in APPS:
        for path in sorted((ROOT / app / "actions").glob("*.py")):
            name = f"{app}.actions.{path.stem}"
            found[name] = Module.read(name, path.read_text(encoding="utf-8"))
    return found


def writers(code: Mapping[str, Module]) -> set[Name]:
    """Every public function that writes the books, itself or through others."""
    named = {
        (module.name, top): {n for n in module.names(top) if n[0] in code}
        for module in code.values()
        for top in module.tops
    }
    found = {(name, top) for name, top in named if code[name].writes(top)}
    while more := {one for one, others in named.items() if one not in found and others & found}:
        found |= more
    return {
        (name, top)
        for name, top in found
        if not top.startswith("_") and isinstance(code[name].tops[top], ast.FunctionDef)
    }
