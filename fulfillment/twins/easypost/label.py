"""The label as a file: one page of 4 by 6 inches, as PDF or as PNG, written without any library."""

from __future__ import annotations

import struct
import zlib
from typing import Any

# Code 128: the widths of bars and spaces of each symbol, three bars and three spaces that fill eleven units.
_PATTERNS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 "
    "122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 "
    "322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 "
    "112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 "
    "331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 "
    "112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 "
    "124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 114311 411113 "
    "411311 113141 114131 311141 411131 211412 211214 211232 "
)
PATTERNS = _PATTERNS.split()
START_B, START_C, STOP = 104, 105, "2331112"

# Capitals, digits and a few signs of five by seven dots, one byte a row, for the picture.
_GLYPHS = (
    "A:0e11111f111111 B:1e11111e11111e C:0e11101010110e D:1e11111111111e E:1f10101e10101f F:1f10101e101010 "
    "G:0e11101711110f H:1111111f111111 I:0e04040404040e J:0702020202120c K:11121418141211 L:1010101010101f "
    "M:111b1515111111 N:11191513111111 O:0e11111111110e P:1e11111e101010 Q:0e11111115120d R:1e11111e141211 "
    "S:0f10100e01011e T:1f040404040404 U:1111111111110e V:11111111110a04 W:11111115151b11 X:11110a040a1111 "
    "Y:11110a04040404 Z:1f01020408101f 0:0e11131519110e 1:040c040404040e 2:0e11010204081f 3:1f02040201110e "
    "4:02060a121f0202 5:1f101e0101110e 6:0608101e11110e 7:1f010204080808 8:0e11110e11110e 9:0e11110f01020c "
    "-:0000001f000000 .:00000000000c0c ,:000000000c0408 /:01010204081010 "
)
GLYPHS = {pair[0]: bytes.fromhex(pair[2:]) for pair in _GLYPHS.split()}
NO_GLYPH = bytes.fromhex("1f11111111111f")


def lines(shipment: dict[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """Sender, recipient, and what is under the barcode."""
    rate = shipment["selected_rate"]
    foot = [f"{rate['carrier']} {rate['service']}", shipment["tracking_code"]]
    if shipment["reference"]:
        foot.append(f"Ref {shipment['reference']}")
    return _address(shipment["from_address"]), _address(shipment["to_address"]), foot


def _address(address: dict[str, Any]) -> list[str]:
    town = " ".join(filter(None, (address["city"], address["state"], address["zip"])))
    parts = (
        address["name"],
        address["company"],
        address["street1"],
        address["street2"],
        town,
        address["country"],
    )
    return [part for part in parts if part]


def modules(text: str) -> str:
    """Code 128 of ``text`` as widths, bar first. Even runs of digits are packed two by two."""
    packed = text.isdigit() and len(text) % 2 == 0
    if packed:
        values = [START_C, *(int(text[place : place + 2]) for place in range(0, len(text), 2))]
    else:
        values = [START_B, *(ord(sign) - 32 for sign in text)]
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % 103
    return "".join(PATTERNS[value] for value in (*values, check)) + STOP


# --- PDF ---------------------------------------------------------------------------------------------------

WIDE, HIGH = 288, 432


def pdf(shipment: dict[str, Any]) -> bytes:
    sender, recipient, foot = lines(shipment)
    drawn = ["1 w 9 9 270 414 re S", "9 345 m 279 345 l S", "9 165 m 279 165 l S"]
    drawn += _text(sender[:6], 18, 408, 8, "F1")
    drawn += _text(["SHIP TO"], 18, 328, 8, "F1")
    drawn += _text(recipient[:7], 30, 308, 14, "F2")
    widths = modules(shipment["tracking_code"])
    unit = 230 / sum(map(int, widths))
    x = (WIDE - 230) / 2
    for place, width in enumerate(widths):
        if place % 2 == 0:
            drawn.append(f"{x:.3f} 75 {int(width) * unit:.3f} 75 re f")
        x += int(width) * unit
    drawn += _text(foot, 30, 58, 11, "F2")
    return _document("\n".join(drawn).encode("cp1252", "replace"))


def form(scan_form: dict[str, Any]) -> bytes:
    """The end of the day on one sheet: its number as a barcode, and what is on it."""
    codes = scan_form["tracking_codes"]
    drawn = [
        "1 w 9 9 270 414 re S",
        *_text(["SHIPMENT CONFIRMATION", f"{len(codes)} PIECES"], 18, 400, 11, "F2"),
    ]
    widths = modules(scan_form["id"][3:25].upper())
    unit, x = 230 / sum(map(int, widths)), (WIDE - 230) / 2
    for place, width in enumerate(widths):
        if place % 2 == 0:
            drawn.append(f"{x:.3f} 300 {int(width) * unit:.3f} 60 re f")
        x += int(width) * unit
    drawn += _text(codes[:24], 18, 280, 7, "F1")
    return _document("\n".join(drawn).encode("cp1252", "replace"))


def _text(given: list[str], x: int, y: int, size: int, font: str) -> list[str]:
    rows = []
    for number, words in enumerate(given):
        fitting = min(size, 250 / max(1, len(words)) / 0.58)
        safe = words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        rows.append(f"BT /{font} {fitting:.1f} Tf {x} {y - number * size * 1.3:.1f} Td ({safe}) Tj ET")
    return rows


def _document(content: bytes) -> bytes:
    fonts = "/F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    fonts += " /F2 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>"
    page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDE} {HIGH}] /Contents 4 0 R"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"{page} /Resources << /Font << {fonts} >> >> >>".encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    file = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(file))
    return file + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end


# --- PNG ---------------------------------------------------------------------------------------------------


def png(shipment: dict[str, Any]) -> bytes:
    """600 by 900 dots in black and white."""
    wide, high = 600, 900
    canvas = [bytearray(b"\xff" * wide) for _ in range(high)]
    for y in (20, 190, 560, 879):
        _fill(canvas, 20, y, 560, 2)
    for x in (20, 578):
        _fill(canvas, x, 20, 2, 860)
    sender, recipient, foot = lines(shipment)
    _letters(canvas, sender[:6], 40, 38, 2)
    _letters(canvas, ["SHIP TO"], 40, 210, 2)
    _letters(canvas, recipient[:7], 60, 250, 4)
    widths = modules(shipment["tracking_code"])
    unit = max(1, 520 // sum(map(int, widths)))
    x = (wide - unit * sum(map(int, widths))) // 2
    for place, width in enumerate(widths):
        if place % 2 == 0:
            _fill(canvas, x, 585, int(width) * unit, 150)
        x += int(width) * unit
    _letters(canvas, foot, 60, 755, 3)
    pixels = zlib.compress(b"".join(b"\x00" + bytes(row) for row in canvas), 9)
    head = struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _fill(canvas: list[bytearray], x: int, y: int, wide: int, high: int) -> None:
    for row in canvas[y : y + high]:
        row[x : x + wide] = b"\x00" * len(row[x : x + wide])


def _letters(canvas: list[bytearray], given: list[str], x: int, y: int, size: int) -> None:
    for number, words in enumerate(given):
        fitting = max(1, min(size, 510 // (6 * max(1, len(words)))))
        for place, sign in enumerate(words.upper()):
            if sign == " ":
                continue
            for row, bits in enumerate(GLYPHS.get(sign, NO_GLYPH)):
                for column in range(5):
                    if bits >> (4 - column) & 1:
                        _fill(
                            canvas,
                            x + (place * 6 + column) * fitting,
                            y + number * size * 10 + row * fitting,
                            fitting,
                            fitting,
                        )
