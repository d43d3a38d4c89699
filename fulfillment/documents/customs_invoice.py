"""The commercial invoice: what CN23 asks for, on A4, for the pouch of a parcel that crosses a customs border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import override
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, PageBreak, Spacer, Table

from fulfillment.documents import paper
from fulfillment.documents.paper import FAINT, INK, LINE, Part, text
from fulfillment.rules.customs import Declaration

CONTENTS = {
    "merchandise": "Sale of goods", "gift": "Gift", "sample": "Commercial sample", "returned_goods": "Returned goods",
    "documents": "Documents", "other": "Other",
}  # fmt: skip
INCOTERMS = {
    "DAP": "the recipient pays duty and tax",
    "DDU": "the recipient pays duty and tax",
    "DDP": "the sender pays duty and tax",
}
OATH = (
    "I certify that the particulars given here are correct, and that this parcel holds no dangerous article and "
    "nothing that postal or customs rules prohibit."
)


@dataclass(frozen=True)
class CustomsInvoice:
    """Addresses are ready lines, the name first; ``gross_g`` is what the parcel weighs."""

    declaration: Declaration
    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    order_number: str
    made_on: date
    gross_g: int
    tracking_number: str = ""
    carrier: str = ""


@override("en")
def customs_invoices(invoices: Sequence[CustomsInvoice]) -> bytes:
    """One PDF of A4 pages; each invoice starts on a new page and counts its own."""
    story: list[Flowable] = []
    for place, invoice in enumerate(invoices):
        story += [PageBreak()] if place else []
        story += _invoice(place, invoice)
    title = (
        f"Commercial invoice {invoices[0].declaration.invoice}"
        if len(invoices) == 1
        else "Commercial invoices"
    )
    return paper.print_a4(title, invoices[0].sender[0] if invoices and invoices[0].sender else "", story)


def _invoice(place: int, invoice: CustomsInvoice) -> list[Flowable]:
    told = invoice.declaration
    return [
        Part(place, f"Commercial invoice {told.invoice} · order {invoice.order_number}"),
        _head(invoice),
        Spacer(0, 6 * mm),
        _columns(
            [paper.lines_of("Sender", invoice.sender), paper.lines_of("Recipient", invoice.recipient, 10.5)],
            [paper.room() / 2] * 2,
        ),
        Spacer(0, 6 * mm),
        _items(told),
        Spacer(0, 4 * mm),
        _sums(invoice),
        Spacer(0, 10 * mm),
        KeepTogether([text(OATH, 9), Spacer(0, 8 * mm), _signature(invoice)]),
    ]


def _head(invoice: CustomsInvoice) -> Table:
    told = invoice.declaration
    left: list[Flowable] = [
        text("Commercial invoice", 17, bold=True),
        text("and customs declaration (CN23)", 9.5, color=FAINT),
    ]
    facts = [
        f"Invoice {told.invoice}", f"Order {invoice.order_number}",
        f"{invoice.made_on.day} {invoice.made_on:%B %Y}",
        f"Reason for export: {CONTENTS.get(told.contents, told.contents)}",
        f"Terms: {told.incoterm}" + (f" ({INCOTERMS[told.incoterm]})" if told.incoterm in INCOTERMS else ""),
    ]  # fmt: skip
    facts += [f"Sender's EORI: {told.eori}"] if told.eori else []
    facts += [f"{invoice.carrier} {invoice.tracking_number}".strip()] if invoice.tracking_number else []
    right: list[Flowable] = [text(fact, 9, bold=not n, right=True) for n, fact in enumerate(facts)]
    return _columns([left, right], [paper.room() * 0.45, paper.room() * 0.55])


def _items(told: Declaration) -> Table:
    heads = ("Pieces", "What it is", "HS code", "Made in", "Net kg", "Each", f"Value {told.currency}")
    sizes = [14 * mm, 0.0, 24 * mm, 17 * mm, 17 * mm, 20 * mm, 25 * mm]
    sizes[1] = paper.room() - sum(sizes)
    rows: list[list[Flowable]] = [
        [text(head, 8, color=FAINT, right=n > 3 or n == 0) for n, head in enumerate(heads)]
    ]
    for item in told.items:
        each = (item.value / item.quantity).quantize(Decimal("0.01"))
        rows.append(
            [
                text(str(item.quantity), right=True), text(item.description), text(item.hs_code), text(item.origin),
                text(f"{item.weight_g / 1000:.3f}", right=True), text(f"{each}", right=True),
                text(f"{item.value}", right=True),
            ]
        )  # fmt: skip
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, 0), 1, INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE), ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]  # fmt: skip
    return Table(rows, colWidths=sizes, repeatRows=1, style=style, splitInRow=1)


def _sums(invoice: CustomsInvoice) -> Table:
    told = invoice.declaration
    rows = [
        ("Pieces", str(sum(item.quantity for item in told.items))),
        ("Net weight", f"{told.weight_g / 1000:.3f} kg"),
        ("Gross weight", f"{invoice.gross_g / 1000:.3f} kg"),
        ("Total value", f"{told.value} {told.currency}"),
    ]
    table = [
        [text(name, 9.5, color=FAINT, right=True), text(value, 10.5, bold=n == len(rows) - 1, right=True)]
        for n, (name, value) in enumerate(rows)
    ]
    return Table(
        table, colWidths=[paper.room() - 40 * mm, 40 * mm], style=[("RIGHTPADDING", (0, 0), (-1, -1), 3)]
    )


def _signature(invoice: CustomsInvoice) -> Table:
    blocks = [
        [text(invoice.declaration.signer, 10.5, bold=True), text("Signature", 7.5, color=FAINT)],
        [text(f"{invoice.made_on.day} {invoice.made_on:%B %Y}", 10.5), text("Date", 7.5, color=FAINT)],
    ]
    return _columns(blocks, [paper.room() * 0.6, paper.room() * 0.4])


def _columns(blocks: Sequence[Sequence[Flowable]], widths: Sequence[float]) -> Table:
    sides = ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), *((side, (0, 0), (-1, -1), 0) for side in sides)]
    return Table([[list(block) for block in blocks]], colWidths=widths, style=style)
