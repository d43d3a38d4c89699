"""What a scan means: a piece of a line that wants it, one too many, or a thing that is not on the list."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Wanted:
    """A line that asks for ``asked`` pieces; ``codes`` are its SKU and its barcodes, ``picture`` the address
    of one of it."""

    key: int
    name: str
    codes: Collection[str]
    asked: int
    picture: str = ""

    @property
    def field(self) -> str:
        """How its count is called in a form, after what the form calls counts."""
        return str(self.key)


@dataclass(frozen=True)
class Scanned:
    """Pieces by line as they are now; ``good`` says whether this scan counted, ``words`` what to tell."""

    found: Mapping[int, int]
    good: bool
    words: str


def scan(wanted: Sequence[Wanted], found: Mapping[int, int], code: str) -> Scanned:
    """One piece with this code. A code that no line has, or that no line wants any more, changes nothing."""
    code = code.strip()
    if not code:
        return Scanned(found, False, "Nothing was scanned.")
    fitting = [line for line in wanted if code in line.codes or code.upper() in line.codes]
    if not fitting:
        return Scanned(found, False, f"Wrong item: {code} is not on this list. Put it back.")
    for line in fitting:
        if found.get(line.key, 0) < line.asked:
            return take(line, found)
    line = fitting[-1]
    return Scanned(found, False, f"One too many: all {line.asked} of {line.name} are there already.")


def take(line: Wanted, found: Mapping[int, int]) -> Scanned:
    """One piece more of a line that wants it."""
    now = found.get(line.key, 0) + 1
    if now > line.asked:
        return Scanned(found, False, f"One too many: all {line.asked} of {line.name} are there already.")
    return Scanned({**found, line.key: now}, True, f"{line.name}: {now} of {line.asked}")
