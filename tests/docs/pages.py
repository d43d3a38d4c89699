"""The pages that people read, cut into what can be checked: links, blocks of code, and names of files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Block:
    """A fenced block: ``info`` is what stands behind the fence, such as ``sh`` or ``python runs``."""

    page: Path
    line: int
    info: str
    text: str

    @property
    def language(self) -> str:
        return self.info.partition(" ")[0]

    @property
    def runs(self) -> bool:
        """Is it carried out by the tests, and not only looked at?"""
        return "runs" in self.info.split()

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(*languages: str) -> list[Block]:
    found = [block for page in pages() for block in _blocks(page)]
    return [block for block in found if not languages or block.language in languages]


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(r"^( *)```(.*)\n((?:.*\n)*?)\1```$", text, re.MULTILINE):
        indent, info, body = match.groups()
        line = text[: match.start()].count("\n") + 2
        yield Block(page, line, info.strip(), re.sub(rf"^{indent}", "", body, flags=re.MULTILINE))


def prose(page: Path) -> str:
    """The page without its blocks."""
    return re.sub(r"^( *)```.*\n(?:.*\n)*?\1```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)


def links(page: Path) -> list[str]:
    return [found[1] for found in re.finditer(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose(page)))]


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.replace("`", "").lower()).replace(" ", "-") for each in found}


def commands(block: Block) -> Iterator[str]:
    """The commands of a shell block, one a line; what is told to a here-document is none."""
    ends = ""
    for line in block.text.replace("\\\n", " ").splitlines():
        if ends:
            ends = "" if line.strip() == ends else ends
            continue
        here = re.search(r"<<-?'?(\w+)'?", line)
        ends = here[1] if here else ""
        line = re.sub(r"(^|\s)#.*$", "", line).strip()
        if line:
            yield line
