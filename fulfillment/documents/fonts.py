"""Which font draws which letter.

Names and towns come in every script, and the fonts built into PDF know Latin-1 only. So each text is cut into
runs, and each run goes to the first font that has its letters:

1. FiraGO, from the package ``pymupdf-fonts``, embedded: Latin, Greek, Cyrillic, Hebrew, Arabic, Thai, Georgian.
   Without that package: Vera, which comes with reportlab: Latin with the accents of most of Europe.
2. Fonts that the shop adds with ``add_font``, embedded.
3. For Chinese, Japanese and Korean: the names of fonts that PDF viewers bring themselves; not embedded.

What no font has is drawn as its plain letter (``ő`` as ``o``) or, where there is none, as ``□``: a clerk sees
that something is missing, and nothing fails.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont

BODY, BOLD = "oms-body", "oms-bold"
MISSING = "□"

_added: list[tuple[str, str]] = []  # (regular, bold) names of the shop's own fonts

# Right-to-left letters with what stands between them. Digits keep their own direction.
_RTL = "\u0590-\u05ff\u0600-\u065f\u066a-\u06ff\u0750-\u077f\ufb1d-\ufdff\ufe70-\ufeff"
_RTL_RUN = re.compile(f"[{_RTL}](?:[{_RTL}\\s'\"״׳.,\\-]*[{_RTL}])?")
_MIRROR = str.maketrans("()[]<>", ")(][><")


def add_font(path: str, bold_path: str | None = None) -> None:
    """Use one more TrueType font for letters that the usual ones lack, such as a Chinese one. Raises
    ``OSError`` when there is no such file and ``ValueError`` for a font that cannot be embedded."""
    names = [f"oms-own-{len(_added)}-{kind}" for kind in ("body", "bold")]
    for name, source in zip(names, (path, bold_path or path), strict=True):
        with open(source, "rb") as file:
            content = io.BytesIO(file.read())
        try:
            pdfmetrics.registerFont(TTFont(name, content))
        except TTFError as error:
            raise ValueError(f"{source} cannot be embedded: {error}") from error
    _added.append((names[0], names[1]))
    runs.cache_clear()


@cache
def ready() -> str:
    """Make the fonts known, once; tells which family it is."""
    try:
        import pymupdf_fonts

        sources: list[Any] = [io.BytesIO(pymupdf_fonts.myfont(name)) for name in ("figo", "figbo")]
        family = "FiraGO"
    except ImportError:
        sources, family = ["Vera.ttf", "VeraBd.ttf"], "Vera"
    for name, source in zip((BODY, BOLD), sources, strict=True):
        pdfmetrics.registerFont(TTFont(name, source))
    for bold in (0, 1):
        addMapping(BODY, bold, 0, BOLD if bold else BODY)
        addMapping(BODY, bold, 1, BOLD if bold else BODY)
    return family


@lru_cache(maxsize=8192)
def runs(text: str, bold: bool = False) -> tuple[tuple[str, str], ...]:
    """``text`` as (font, piece of text) in the order of drawing."""
    ready()
    pieces = list(_letters(_visual(unicodedata.normalize("NFC", text)), bold))
    return tuple(
        (font, "".join(letter for _, letter in group)) for font, group in groupby(pieces, key=lambda p: p[0])
    )


def markup(text: str, bold: bool = False) -> str:
    """``text`` for a reportlab paragraph: escaped, each run in its font. Line breaks stay."""
    return "<br/>".join(
        "".join(f'<font name="{font}">{escape(piece)}</font>' for font, piece in runs(line, bold))
        for line in text.splitlines()
    )


def width(text: str, size: float, bold: bool = False) -> float:
    return sum(pdfmetrics.stringWidth(piece, font, size) for font, piece in runs(text, bold))


def _letters(text: str, bold: bool) -> Iterator[tuple[str, str]]:
    font = BOLD if bold else BODY
    for letter in text:
        if letter.isspace():
            # Stays in the font of what is before it, so that words are not cut in pieces.
            yield font, "\u00a0" if letter == "\u00a0" else " "
            continue
        if unicodedata.category(letter) in ("Cc", "Cf"):
            continue
        found = _font_of(letter, bold)
        if found is None:
            yield from ((BOLD if bold else BODY, plain) for plain in _plain(letter, bold))
            continue
        font = found
        yield font, letter


def _font_of(letter: str, bold: bool) -> str | None:
    for name in (BOLD if bold else BODY, *(pair[bold] for pair in _added)):
        if ord(letter) in pdfmetrics.getFont(name).face.charToGlyph:
            return name
    return _asian(letter)


def _asian(letter: str) -> str | None:
    code = ord(letter)
    if 0x3040 <= code <= 0x30FF or 0xFF66 <= code <= 0xFF9F:
        return _viewers("HeiseiKakuGo-W5")
    if 0xAC00 <= code <= 0xD7A3:
        return _viewers("HYGothic-Medium")
    if 0x4E00 <= code <= 0x9FFF or 0x3000 <= code <= 0x303F or 0xFF01 <= code <= 0xFF5E:
        return _viewers("STSong-Light")
    return None


@cache
def _viewers(name: str) -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(name))
    return name


def _plain(letter: str, bold: bool) -> str:
    base = "".join(sign for sign in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(sign))
    if base and base != letter and all(_font_of(sign, bold) for sign in base):
        return base
    if unicodedata.combining(letter):
        return ""
    return MISSING if _font_of(MISSING, bold) else "?"


def _visual(text: str) -> str:
    """Hebrew and Arabic in the order in which they are drawn, from left to right. Arabic stays unjoined."""
    return _RTL_RUN.sub(lambda run: run[0][::-1].translate(_MIRROR), text)
