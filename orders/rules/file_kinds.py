"""What a file is, by its first bytes: a name or a header that says otherwise is not believed."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 150
"""Of a name, its ending included."""


@dataclass(frozen=True)
class Kind:
    """``endings`` are those that a name of it may have, the usual one first; ``picture`` may be shown in a window."""

    mime: str
    endings: tuple[str, ...]
    picture: bool = False


PDF = Kind("application/pdf", ("pdf",))
PNG = Kind("image/png", ("png",), picture=True)
JPEG = Kind("image/jpeg", ("jpg", "jpeg"), picture=True)
GIF = Kind("image/gif", ("gif",), picture=True)
WEBP = Kind("image/webp", ("webp",), picture=True)
TEXT = Kind("text/plain", ("txt", "csv", "tsv", "log", "md", "eml"))
KINDS = {kind.mime: kind for kind in (PDF, PNG, JPEG, GIF, WEBP, TEXT)}
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def kind_of(body: bytes) -> Kind | None:
    """``None`` for what is none of them, also for an empty file."""
    if body.startswith(b"%PDF-"):
        return PDF
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if body.startswith(b"\xff\xd8\xff"):
        return JPEG
    if body.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return WEBP
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return TEXT if text.strip() and not CONTROL.search(text) else None


def named(name: str, kind: Kind) -> str:
    """The name as it was given, without the folders before it and what no screen shows; with the ending of what it
    is, where its own would have it opened as something else: a script is text, too."""
    bare = re.split(r"[/\\]", name)[-1]
    bare = " ".join("".join(c for c in bare if c.isprintable() and c not in '"<>|:*?').split()).strip(". ")
    stem, dot, ending = (bare or "file").rpartition(".")
    if not dot or ending.lower() not in kind.endings:
        stem, ending = bare or "file", kind.endings[0]
    return f"{stem[: LONGEST - 1 - len(ending)]}.{ending}"
