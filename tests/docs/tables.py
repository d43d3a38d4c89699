"""The tables of the reference that say what the code says. ``python -m tests.docs.tables`` writes them anew.

A table stands between ``<!-- NAME -->`` and ``<!-- end -->``. Tests compare; they never write.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def table(heads: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return (
        "\n".join("| " + " | ".join(line) + " |" for line in lines)
        .replace("| --- ", "|---")
        .replace("|--- |", "|---|")
    )


def jobs() -> str:
    from oms.celery import BEAT

    return table(("job", "every", "what for"), [(f"`{j.task}`", every(j.every), j.words) for j in BEAT])


def every(seconds: int) -> str:
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            count = seconds // size
            return word if count == 1 else f"{count} {word}s"
    raise ValueError(seconds)


def events() -> str:
    """Every event there is, whether or not anything follows from it."""
    from importlib import import_module

    from oms.core.outbox import Event
    from oms.wiring import REACTIONS

    for app in ("inventory", "orders", "fulfillment", "returns"):
        import_module(f"{app}.events")
    ours = (kind for kind in _below(Event) if kind.__module__.endswith(".events"))  # not those of a test
    kinds = {kind.topic: kind for kind in ours if "topic" in vars(kind)}
    assert set(REACTIONS) <= set(kinds), "the wiring names a topic that no event has"
    rows = []
    for topic, kind in sorted(kinds.items()):
        payload = ", ".join(f"`{field.name}`" for field in dataclasses.fields(kind))
        words = " ".join((vars(kind).get("__doc__") or "").replace("``", "`").split())
        told = "" if words.startswith(f"{kind.__name__}(") else words
        follows = "<br>".join(f"`{path}`" for path in REACTIONS.get(topic, ())) or "nothing yet"
        rows.append((f"`{topic}`", told or "—", payload, follows))
    return table(("event", "what it says", "carries", "sets off"), rows)


def _below(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def roles() -> str:
    """Who may do what beyond looking. Words are the permission's own."""
    from oms.roles import LOOK, ROLES

    words = permissions()
    names = sorted(set().union(*ROLES.values()) - LOOK, key=lambda name: (_floor(name), words[name]))
    rows = [
        (
            words[name].removeprefix("Can "),
            f"`{name}`",
            *("●" if name in ROLES[role] else "" for role in ROLES),
        )
        for name in names
    ]
    return table(("may", "permission", *ROLES), rows)


def _floor(name: str) -> int:
    order = [
        "orders",
        "fulfillment",
        "returns",
        "inventory",
        "channels",
        "core",
        "auth",
        "django_celery_beat",
    ]
    return order.index(name.partition(".")[0])


def permissions() -> dict[str, str]:
    """Every permission that migrations make, with its words."""
    from django.apps import apps
    from django.contrib.auth.management import _get_all_permissions

    return {
        f"{model._meta.app_label}.{codename}": str(words)
        for model in apps.get_models()
        for codename, words in _get_all_permissions(model._meta)
    }


def queues() -> str:
    """The queues of home, in its order; who may act is the permission's own words."""
    from oms.core.console import GROUPS, registry

    words = permissions()
    ranked = sorted(registry.queues.values(), key=lambda q: (list(GROUPS).index(q.group), q.rank))
    return table(
        ("group", "queue", "what for", "for those who may"),
        [(q.group, str(q.title), str(q.words) or "—", words[q.permission].removeprefix("Can ")) for q in ranked],
    )  # fmt: skip


def scopes() -> str:
    from oms.core.tokens import SCOPES

    return table(
        ("scope", "allows to"), [(f"`{s}`", words[:1].lower() + words[1:]) for s, words in SCOPES.items()]
    )


def operations() -> str:
    """Every operation of the API, with the scope that it needs."""
    from drf_spectacular.generators import SchemaGenerator

    rows = []
    for path, item in SchemaGenerator().get_schema(public=True)["paths"].items():
        for method, told in item.items():
            needs = re.search(r"Needs the scope (`[^`]+`)", told.get("description", ""))
            who = needs[1] if needs else "people" if "For people only" in told.get("description", "") else ""
            address = f"`{method.upper()} {path.removeprefix('/api/v1')}`"
            rows.append((address, told["summary"].rstrip("."), who))
    return table(("operation", "what it does", "scope"), rows)


def without() -> str:
    """The console's buttons that no operation of the API stands for."""
    from django.apps import apps

    from oms.core.console import registry
    from tests.api.doors_of_buttons import WITHOUT

    rows = []
    for name, why in WITHOUT.items():
        button = registry.buttons[name]
        rows.append((str(button.label), str(apps.get_model(button.model)._meta.verbose_name), why))
    return table(("button", "on a", "why"), rows)


TABLES: dict[str, tuple[str, Callable[[], str]]] = {
    "jobs": ("reference/jobs.md", jobs),
    "events": ("reference/events.md", events),
    "roles": ("reference/roles.md", roles),
    "queues": ("reference/queues.md", queues),
    "scopes": ("reference/api.md", scopes),
    "without": ("reference/api.md", without),
    "operations": ("reference/api.md", operations),
}


def between(name: str, text: str) -> re.Match[str]:
    found = re.search(rf"(<!-- {name} -->\n)(.*?)(\n<!-- end -->)", text, re.DOTALL)
    assert found, f"there is no place for the table {name}"
    return found


def main() -> int:
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings")
    django.setup()
    import_module("oms.urls")  # with the pages comes the console
    for name, (path, make) in TABLES.items():
        file = DOCS / path
        text = file.read_text()
        place = between(name, text)
        file.write_text(text[: place.start(2)] + make() + text[place.end(2) :])
        print(f"docs/{path}: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
