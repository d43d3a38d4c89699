"""Whoever follows a page gets where it says: links lead somewhere, files are there, commands exist."""

from __future__ import annotations

import ast
import os
import re
import shlex
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands, load_command_class

from channels import adapters
from channels.adapters.base import PROTOCOLS, Account
from fulfillment import carriers
from oms.core.console.registry import registry
from orders.rules.reconcile import reconcile
from tests.docs.pages import ROOT, Block, blocks, commands, headings, links, pages, prose

PAGES = pages()
OURS = ("oms", "inventory", "orders", "fulfillment", "returns", "channels", "tests")
# Programs of a Debian machine that the pages use; what they are told is the reader's to check.
MACHINE = {
    "apt", "cd", "cp", "curl", "docker", "git", "ls", "nano", "openssl", "pg_dump", "pg_restore", "psql", "createdb",
    "createuser", "dropdb", "install", "systemctl", "journalctl", "useradd", "tail", "tar", "for", "python3", "mkdir",
    "cat", "find", "rm", "certbot", "systemd-run",
}  # fmt: skip


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if re.match(r"(https?|mailto):", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)}: {link}"
        assert ROOT in (target, *target.parents), f"{name(page)}: {link} leaves the project"
        if anchor:
            assert anchor in headings(target), f"{name(page)}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_named_files_are_there(page: Path) -> None:
    """A name in `code` with a slash and an ending is a file of ours, unless it begins elsewhere."""
    for path in re.findall(r"`([\w.-]+(?:/[\w.*<>-]+)+)`", prose(page)):
        first = path.split("/")[0]
        if not (ROOT / first).is_dir() or first in ("var", ".venv") or "<" in path:
            continue
        assert list(ROOT.glob(path)), f"{name(page)}: there is no {path}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in seen:
            continue
        seen.add(page)
        for link in links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.exists():
                ahead.append(target)
    assert set(PAGES) <= seen, sorted(map(name, set(PAGES) - seen))


# -- commands ------------------------------------------------------------------------------------------------

TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
SHELL = [(block, line) for block in blocks("sh") for line in commands(block)]


@pytest.mark.parametrize(("block", "line"), SHELL, ids=[f"{b}-{line[:40]}" for b, line in SHELL])
def test_commands_exist(block: Block, line: str) -> None:
    asked = re.match(r"\w+=\$\((.*)\)$", line)
    for part in re.split(
        r"\s*(?:&&|\|\||[|;])\s*(?=(?:[^'\"]|'[^']*'|\"[^\"]*\")*$)", asked[1] if asked else line
    ):
        check(block, shlex.split(part))


def check(block: Block, argv: list[str]) -> None:
    if "manage.py" in argv:
        management(block, argv[argv.index("manage.py") + 1 :])
        return
    while argv and re.match(r"\w+=", argv[0]):
        argv = argv[1:]
    if argv[:1] == ["sudo"]:
        argv = argv[3:] if argv[1] == "-u" else argv[1:]
    if not argv:
        return
    program, rest = argv[0], argv[1:]
    if program == "make":
        targets = [word for word in rest if "=" not in word]
        assert set(targets) <= TARGETS, f"{block}: make has no {targets}"
        for word in rest:
            if targets == ["manage"] and word.startswith("ARGS="):
                management(block, shlex.split(word.removeprefix("ARGS=")))
    elif program.endswith("python") and rest[:1] == ["-m"]:
        assert find_spec(rest[1]), f"{block}: there is no module {rest[1]}"
    elif program.endswith("python"):
        assert rest[0] == "-c", f"{block}: {argv}"
    elif "/" in program:
        assert (ROOT / program).exists() or program[0] in "/$", f"{block}: {program}"
    else:
        assert program in MACHINE, f"{block}: what is {program}?"


def management(block: Block, argv: list[str]) -> None:
    """The command exists and takes these arguments."""
    command, *rest = argv
    known = get_commands()
    assert command in known, f"{block}: manage.py has no {command}"
    made = load_command_class(known[command], command) if isinstance(known[command], str) else known[command]
    parser = made.create_parser("manage.py", command)
    try:
        parser.parse_args([word for word in rest if word not in (">", "<")])
    except SystemExit as error:
        raise AssertionError(f"{block}: {command} does not take {rest}") from error


# -- code ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_code_is_code_and_its_imports_exist(block: Block) -> None:
    tree = ast.parse(block.text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in OURS:
            module = import_module(node.module)
            for each in node.names:
                assert hasattr(module, each.name) or find_spec(f"{node.module}.{each.name}"), (
                    f"{block}: {each.name}"
                )


@pytest.mark.django_db
@pytest.mark.parametrize("block", [b for b in blocks("python") if b.runs], ids=str)
def test_code_that_says_so_runs(block: Block) -> None:
    exec(compile(block.text, str(block), "exec"), {"__name__": "docs"})


def test_the_runner_is_found_by_the_ci() -> None:
    assert os.access(ROOT / "tests" / "docs" / "run", os.X_OK)
    assert "tests/docs/run" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


# -- the examples of the how-to pages ------------------------------------------------------------------------


def example(page: str, language: str) -> Block:
    return next(b for b in blocks(language) if b.page.name == page)


def made_in(page: str, kind: str) -> Any:
    names: dict[str, Any] = {"__name__": "docs"}
    exec(compile(example(page, "python").text, page, "exec"), names)
    return names[kind]


def test_the_example_channel_keeps_its_promises() -> None:
    channel = made_in("add-a-channel.md", "ParcelShop")
    for flag in channel.can:
        for method in adapters.protocol_members(PROTOCOLS[flag]):
            assert callable(getattr(channel, method)), method
    draft = channel(Account("ours", "http://127.0.0.1"), None).read(
        example("add-a-channel.md", "json").text.encode()
    )
    assert not reconcile(draft).findings
    assert (draft.lines[0].quantity, draft.total.customer) == (2, Decimal("27.50"))


def test_the_example_carrier_keeps_its_promises() -> None:
    carrier = made_in("add-a-carrier.md", "Courier")
    assert carriers._wrong("courier", carrier) == []


def test_the_channel_page_names_every_promise() -> None:
    text = (
        (ROOT / "docs/how-to/add-a-channel.md").read_text(encoding="utf-8").split("## What each promise")[1]
    )
    told = {
        row[0].strip(" `"): set(re.findall(r"`(\w+)`", row[1]))
        for line in text.splitlines()
        if line.startswith("| `") and (row := line.strip("|").split("|"))
    }
    assert told == {flag.name: set(adapters.protocol_members(kind)) for flag, kind in PROTOCOLS.items()}


# -- what the pages say of the console -----------------------------------------------------------------------

HANDS_ON = [
    ROOT / "docs/tutorial/first-day.md",
    ROOT / "docs/how-to/connect-a-shop.md",
    ROOT / "docs/how-to/work-with-lists.md",
]
# Bold, and yet no button of the registry: what forms and lists say by themselves.
OTHERS = {"Edit", "Save", "Add", "Keep this view", "Keep", "Change this view", "For myself only", "CSV"}


@pytest.mark.parametrize("page", HANDS_ON, ids=name)
def test_buttons_are_called_so(page: Path) -> None:
    """Bold on a page for clerks is something to press."""
    labels = {button.label for button in registry.buttons.values()} | OTHERS
    labels |= {paper.label for paper in registry.papers.values()}
    for words in re.findall(r"(?<!\w)\*\*([^*]+)\*\*", prose(page)):
        assert words in labels, f"{name(page)}: no button is called “{words}”"


@pytest.mark.parametrize("page", HANDS_ON, ids=name)
def test_menu_entries_are_called_so(page: Path) -> None:
    """``Stock → Items`` is the entry Items under the heading Stock."""
    entries = {(entry.heading, str(entry.title)) for entry in registry.menu}
    headings = {heading for heading, _ in entries}
    for heading, title in re.findall(r"\b([A-Z]\w+) → ([A-Z][\w ]*\w)", prose(page)):
        if heading in headings:
            assert any(heading == h and title.startswith(t) for h, t in entries), (
                f"{name(page)}: {heading} → {title}"
            )
