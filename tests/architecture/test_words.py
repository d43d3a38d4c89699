"""What people read goes through gettext: checked where it is written, and by name what Django makes of names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import names
from tests.architecture.test_house import APPS, ROOT, trees

NAMED = {"verbose_name", "verbose_name_plural", "label", "title", "help_text", "description", "short_description",
         "empty_label", "empty_words"}  # fmt: skip
"""Parameters, and names in a class, that hold words."""

WORDED = {"Button", "Queue", "Paper", "Outcome", "Preview"}
"""Calls whose ``words`` are shown; elsewhere a journal keeps them, in the language of the house."""

AT = {"Queue": (1, 7, 8), "Panel": (1,), "Finder": (1,), "Figure": (1,), "MenuEntry": (1,), "Paper": (1,), "Tile": (0, 1),
      "Outcome": (0,), "Preview": (0,), "Told": (0,), "Reason": (1,), "ValidationError": (0,), "guard": (1,),
      "choose": (2,)}  # fmt: skip
"""Where calls have their words, by position."""

OTHERS = {"api", "rules", "adapters", "carriers", "documents", "management", "embedded", "twinkit"}
"""Rooms whose words programs read, the shop keeps, or rules make without a framework."""

KEPT = {"Finding", "fault"}
"""A reason in these is written down with the order or the message."""


def bare(node: ast.AST) -> Iterator[ast.AST]:
    """The words of a value that are in no call of gettext."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if re.search(r"[A-Za-z]{2}", node.value):
            yield node
    elif isinstance(node, ast.JoinedStr):
        said = " ".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        if re.search(r"[A-Za-z]{2}", said):
            yield node
    elif isinstance(node, ast.IfExp):
        yield from (*bare(node.body), *bare(node.orelse))
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from bare(value)
    elif isinstance(node, ast.BinOp):
        yield from (*bare(node.left), *(bare(node.right) if isinstance(node.op, ast.Add) else ()))


def unwrapped(tree: ast.AST, kept: bool = False) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        keeps = kept
        if isinstance(node, ast.keyword):
            keeps |= node.arg in KEPT
            words = (
                getattr(tree, "func", None) is not None and _called(tree) in WORDED and node.arg == "words"
            )
            if node.arg in NAMED or words:
                yield from bare(node.value)
        elif isinstance(node, ast.Call):
            called = _called(node)
            keeps |= called in KEPT
            if not (keeps and called == "Reason"):
                for at in AT.get(called, ()):
                    yield from bare(node.args[at]) if len(node.args) > at else ()
        elif isinstance(node, ast.ClassDef):
            yield from _of_class(node)
        yield from unwrapped(node, keeps)


def _of_class(node: ast.ClassDef) -> Iterator[ast.AST]:
    chooses = any("Choices" in ast.unparse(base) for base in node.bases)
    named = NAMED - ({"label"} if any("AppConfig" in ast.unparse(base) for base in node.bases) else set())
    for line in node.body:
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            if line.targets[0].id in named:
                yield from bare(line.value)
            elif chooses:
                yield from bare(line.value.elts[1] if isinstance(line.value, ast.Tuple) else line.value)


def _called(node: ast.AST) -> str:
    func = getattr(node, "func", None)
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def test_words_are_wrapped_where_they_are_written() -> None:
    checked, found = 0, []
    for path, tree in trees("oms", *APPS):
        if OTHERS & set(path.parts) or path.parent == ROOT / "oms":
            continue
        checked += 1
        found += [f"{path}:{getattr(node, 'lineno', 0)} says {ast.unparse(node)}" for node in unwrapped(tree)]
    assert not found, "\n".join(["without gettext:", *found])
    assert checked > 150


@pytest.mark.parametrize(
    "source",
    [
        'f(label="Go")', 'Queue("slug", "To do")', 'Outcome(f"{n} done")', 'Outcome("Done" if all else _("Half"))',
        'Button(name="x", words="Does it")', 'class X:\n    verbose_name = "thing"', 'Reason("code", "No." + told)',
        'class S(TextChoices):\n    A = "a", "first"', 'class S(TextChoices):\n    A = "alone"',
    ],
)  # fmt: skip
def test_a_bare_word_is_found(source: str) -> None:
    assert list(unwrapped(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        'f(label=_("Go"))', 'Outcome(gettext("%(n)s done") % {"n": n})', 'Line.of(row, "go", words="It went.")',
        'Finding("hold", Reason("code", "Kept."))', 'f(label=f"{sku} {name}")',
    ],
)  # fmt: skip
def test_what_is_wrapped_or_kept_is_not(source: str) -> None:
    assert not list(unwrapped(ast.parse(source)))


def test_what_django_makes_of_names_is_marked_for_translators() -> None:
    """``python -m tests.architecture.names`` writes the file anew."""
    from oms.core.names import CODES, NAMES

    assert names.names() == set(NAMES)
    assert names.codes() == set(CODES)


def test_a_sentence_is_put_together_after_it_was_translated() -> None:
    """``gettext(f"…")`` would ask for a message that no translator has ever seen."""
    for path, tree in trees("oms", *APPS):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) in {"_", "gettext", "ngettext", "gettext_noop"}:
                for arg in node.args:
                    assert not isinstance(arg, ast.JoinedStr), f"{path}:{node.lineno}"


def test_every_gap_of_a_message_is_filled() -> None:
    gap, checked = re.compile(r"%\((\w+)\)s"), 0
    for path, tree in trees("oms", *APPS):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.BinOp)
                and isinstance(node.op, ast.Mod)
                and isinstance(node.right, ast.Dict)
            ):
                said = [
                    n.value
                    for n in ast.walk(node.left)
                    if isinstance(n, ast.Constant) and isinstance(n.value, str)
                ]
                given = {key.value for key in node.right.keys if isinstance(key, ast.Constant)}
                if any(gap.search(text) for text in said):
                    assert {name for text in said for name in gap.findall(text)} == given, (
                        f"{path}:{node.lineno}"
                    )
                    checked += 1
    assert checked > 150


# What a file has wrong, and what holds an order, is told or kept as the rule says it.
KEPT_RULES = {
    "item_file.py",
    "validation.py",
    "ledger.py",
    "reconcile.py",
    "address.py",
    "order_changes.py",
    "tracking.py",
}


def test_rules_mark_the_sentences_of_their_refusals() -> None:
    checked, found = 0, []
    for path, tree in trees(*APPS):
        if "rules" not in path.parts or path.name in KEPT_RULES:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) == "Reason" and len(node.args) > 1:
                checked += 1
                found += [f"{path}:{each.lineno}" for each in bare(node.args[1])]  # type: ignore[attr-defined]
    assert not found, "\n".join(["without told(gettext_noop(…)):", *found])
    assert checked > 25


def test_templates_say_nothing_bare_in_labels() -> None:
    for path in sorted(Path(ROOT / "templates").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        for found in re.findall(
            r'(?:title|placeholder|aria-label|data-label|alt)="([^"{}]*[A-Za-z]{2}[^"{}]*)"', text
        ):
            pytest.fail(f"{path.name}: {found}")
