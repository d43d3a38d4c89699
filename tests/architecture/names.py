"""What Django and the console make words of by themselves: names of fields and models, verbs and codes.

``oms/core/names.py`` lists them for translators. ``python -m tests.architecture.names`` writes it anew; a test compares.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "oms" / "core" / "names.py"
HEAD = '''"""Words that stand nowhere as words: what Django makes of the names of models and fields, and what ``shown.spoken``
makes of verbs and codes. Here they are marked for translators. ``python -m tests.architecture.names`` writes this file."""

from __future__ import annotations

from oms.core.words import gettext_noop

'''


def names() -> set[str]:
    """Of models and fields that were given no words of their own."""
    from django.apps import apps

    from oms.core.naming import OURS

    found = set()
    for model in apps.get_models():
        if model._meta.app_label not in OURS:
            continue
        given, opts = model._meta.original_attrs, model._meta
        found |= {
            str(getattr(opts, name)) for name in ("verbose_name", "verbose_name_plural") if name not in given
        }
        found |= {
            str(f.verbose_name)
            for f in (*opts.local_fields, *opts.local_many_to_many)
            if f._verbose_name is None
        }
    return found


def codes() -> set[str]:
    """Verbs of the journal, steps, what holds block, and states and statuses."""
    from oms.core.console.shown import TONES
    from orders.admin import FULFILMENT, PAYMENT
    from orders.rules.holds import Step
    from orders.rules.progress import STEPS

    found = {*TONES, *FULFILMENT, *PAYMENT, *STEPS, *Step, "done", "now", "blocked", "todo"}
    for app in ("oms/core", "inventory", "orders", "fulfillment", "returns", "channels"):
        for path in (ROOT / app).rglob("*.py"):
            if not {"migrations", "twins", "demo"} & set(path.parts):
                found |= _verbs(ast.parse(path.read_text(encoding="utf-8")))
    return {code.replace("_", " ") for code in found}


def _verbs(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(
            "transition(" in ast.unparse(d) for d in node.decorator_list
        ):
            found.add(node.name)
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        at = (
            1
            if called.endswith("Line.of") or called.split(".")[-1] == "move"
            else 2
            if called == "Line"
            else None
        )
        if at is not None and len(node.args) > at:
            words = [n.value for n in ast.walk(node.args[at]) if isinstance(n, ast.Constant)]
            found |= {word for word in words if isinstance(word, str) and word}
    return found


def source() -> str:
    parts = []
    for title, words in (("NAMES", names()), ("CODES", codes())):
        listed = "".join(f'    gettext_noop("{word}"),\n' for word in sorted(words))
        parts.append(f"{title} = (\n{listed})\n")
    return HEAD + "\n".join(parts)


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings")
    import django

    django.setup()
    FILE.write_text(source(), encoding="utf-8")
    sys.stdout.write(f"{FILE.relative_to(ROOT)}\n")
