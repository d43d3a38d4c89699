from __future__ import annotations

import pytest

from orders.rules.file_kinds import GIF, JPEG, LONGEST, PDF, PNG, TEXT, WEBP, Kind, kind_of, named


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"%PDF-1.7\n...", PDF), (b"\x89PNG\r\n\x1a\n...", PNG), (b"\xff\xd8\xff\xe0...", JPEG), (b"GIF89a...", GIF),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", WEBP), ("Grüße\r\n\tAnn".encode(), TEXT), (b"\xef\xbb\xbfsku;name\n", TEXT),
        (b"<html><script>alert(1)</script>", TEXT), (b"", None), (b"  \n", None), (b"MZ\x90\x00\x03", None),
        (b"PK\x03\x04\x14\x00", None), (b"\x7fELF\x02\x01", None), (b"RIFF\x00\x00\x00\x00WAVEfmt ", None), (b"a\x00b", None),
        ("Grüße".encode("utf-16"), None),
    ],
)  # fmt: skip
def test_what_a_file_is_stands_in_its_bytes(body: bytes, kind: Kind | None) -> None:
    assert kind_of(body) is kind


@pytest.mark.parametrize(
    ("given", "kind", "kept"),
    [
        ("Brief von Grüß.pdf", PDF, "Brief von Grüß.pdf"), ("photo.JPEG", JPEG, "photo.JPEG"), ("run.bat", TEXT, "run.bat.txt"),
        ("page.html", TEXT, "page.html.txt"), ("../../etc/passwd", TEXT, "passwd.txt"), (r"C:\me\scan.png", PNG, "scan.png"),
        ("scan.png", PDF, "scan.png.pdf"), ("a\u202egnp.exe\n", TEXT, "agnp.exe.txt"), ("", PNG, "file.png"), ("...", PDF, "file.pdf"),
        ('x"; filename="y.csv', TEXT, "x; filename=y.csv"), (".pdf", PDF, "pdf.pdf"),
    ],
)  # fmt: skip
def test_its_name_is_kept_unless_it_would_be_opened_as_something_else(
    given: str, kind: Kind, kept: str
) -> None:
    assert named(given, kind) == kept


def test_a_long_name_keeps_its_ending() -> None:
    name = named("x" * 300 + ".csv", TEXT)
    assert len(name) == LONGEST and name.endswith("x.csv")
