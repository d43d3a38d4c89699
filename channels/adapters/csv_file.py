"""Orders from a CSV file. One row a line; the rows of an order share its ``order``, wherever they stand.

Columns, in any sequence (``ALIASES`` has the other names that are understood; case does not matter):

==================  ==========================================================================================
order               the order's number, its identity in this account. Needed
placed_at           when it was placed: ISO 8601, or the option ``date_format``. Needed
quantity            whole pieces. Needed
sku, title          one of the two is needed
unit_price          price of one piece, or
line_total          price of the line after discount; one of the two is needed
discount            taken off the line (with ``unit_price``)
tax                 tax of the line
line, barcode       the line's own id (else its place in the order); a barcode
updated_at          when it last changed; else ``placed_at``
total               what the customer pays; else the sum of the rows
currency            ISO 4217; else the option ``currency``
shipping,           price and tax of sending; ``shipping_method`` names it
shipping_tax
order_discount      taken off the whole order, as a positive number
paid_at, payment    when it was paid (the total) and the payment's reference
status              the channel's own word; ``cancelled`` cancels
name, company, address1, address2, city, region, postcode, country, phone, email, note
                    where it goes; ``billing_…`` before any address column for who pays
==================  ==========================================================================================

Columns of the order are read from its rows together: they may be left empty on all rows but one, and must not
contradict each other. Options of the account: ``zone`` ("UTC"; for times without one), ``date_format``,
``prices_include_tax``, ``currency``, ``delimiter``, ``encoding``. The totals law holds because the law makes
the total where the file has none; a file's own total is taken as it is, for reconciliation to judge.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable

from channels.adapters.base import Account, Can, FileError, FileOrders, RawOrder
from channels.adapters.csv_read import LINE_COLUMNS, ORDER_COLUMNS, read_order
from oms.core.errors import Rejected
from oms.core.http import Http
from orders.drafts import OrderDraft

ALIASES = {
    "order": ("order_number", "order_id", "order_no", "order_reference", "invoice", "invoiceno", "number"),
    "placed_at": ("date", "order_date", "created_at", "invoicedate", "placed"),
    "updated_at": ("modified_at", "changed_at", "last_modified"),
    "line": ("line_id", "line_number", "position"),
    "sku": ("stockcode", "item", "item_number", "article", "product_code"),
    "title": ("description", "product", "product_name", "item_name"),
    "barcode": ("ean", "gtin", "upc"),
    "quantity": ("qty", "pieces", "units"),
    "unit_price": ("price", "unitprice", "item_price"),
    "line_total": ("amount", "row_total", "line_amount"),
    "discount": ("line_discount",),
    "tax": ("line_tax", "vat", "tax_amount"),
    "shipping": ("shipping_price", "shipping_cost", "postage", "delivery"),
    "shipping_tax": ("shipping_vat",),
    "shipping_method": ("delivery_method", "service"),
    "order_discount": ("total_discount",),
    "total": ("order_total", "grand_total", "total_price"),
    "payment": ("payment_reference", "transaction_id"),
    "name": ("customer_name", "customer", "ship_to", "recipient", "shipping_name"),
    "company": ("shipping_company",),
    "address1": ("address", "street", "address_1", "shipping_address1", "shipping_address"),
    "address2": ("address_2", "shipping_address2"),
    "city": ("town", "shipping_city"),
    "region": ("state", "province", "county", "shipping_region"),
    "postcode": ("zip", "postal_code", "zip_code", "shipping_postcode", "shipping_zip"),
    "country": ("country_code", "shipping_country"),
    "phone": ("telephone", "shipping_phone"),
    "email": ("e_mail", "customer_email"),
    "note": ("comment", "notes", "customer_note"),
}
COLUMNS = {alias: column for column, aliases in ALIASES.items() for alias in aliases}
NEEDED = ("order", "placed_at", "quantity")
DELIMITERS = ",;\t|"
READ_WITH = {"zone", "date_format", "prices_include_tax", "currency"}


class CsvFile:
    kind = "csv"
    can = frozenset({Can.READ_FILE})

    def __init__(self, account: Account, http: Http | None = None):
        self.account = account

    def read(self, body: bytes) -> OrderDraft:
        return read_order(body, self.account.slug)

    def split(self, data: bytes) -> FileOrders:
        """Good orders go on; a bad one is told with its row. Raises ``Rejected`` for the file as a whole."""
        orders: dict[str, list[tuple[int, dict[str, str]]]] = {}
        errors: list[FileError] = []
        for row, cells in self._rows(data):
            key = cells.get("order", "")
            if not key:
                errors.append(FileError(row, "", Rejected("order", "missing", f"row {row}: no order number")))
                continue
            orders.setdefault(key, []).append((row, cells))
        good = []
        for key, rows in orders.items():
            body = self._body(rows)
            try:
                draft = self.read(body)
            except Rejected as error:
                errors.append(FileError(getattr(error, "row", rows[0][0]), key, error))
                continue
            good.append(RawOrder(draft.external_id, draft.updated_at, body))
        return FileOrders(good, sorted(errors, key=lambda error: error.row))

    def _body(self, rows: Iterable[tuple[int, dict[str, str]]]) -> bytes:
        """The order's rows and the options to read them with: enough to read it again, always the same."""
        options = {name: self.account.options[name] for name in sorted(READ_WITH & set(self.account.options))}
        told = {"order": {"rows": [{"row": row, **cells} for row, cells in rows], "options": options}}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()

    def _rows(self, data: bytes) -> Iterable[tuple[int, dict[str, str]]]:
        text = self._text(data)
        heading = next((line for line in text.splitlines() if line.strip()), "")
        if not heading:
            raise Rejected("file", "empty", "the file is empty")
        delimiter = str(self.account.options.get("delimiter") or _delimiter(heading))
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        columns: list[str] = []
        try:
            for row, cells in enumerate(reader, start=1):  # as a spreadsheet counts, whatever a cell holds
                if not any(cell.strip() for cell in cells):
                    continue
                if not columns:
                    columns = _columns(cells)
                    continue
                # More cells than the heading has: a delimiter in an unquoted text, so all cells are suspect.
                extra = [cell for cell in cells[len(columns) :] if cell.strip()]
                named = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name}
                yield row, named | ({"extra_cells": delimiter.join(extra)} if extra else {})
        except csv.Error as error:
            raise Rejected("file", "not_csv", f"line {reader.line_num}: {error}") from None

    def _text(self, data: bytes) -> str:
        told = self.account.options.get("encoding")
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else told or "utf-8-sig"
        try:
            return data.decode(str(encoding))
        except (UnicodeDecodeError, LookupError):
            raise Rejected(
                "file",
                "not_utf8",
                f"the file is not {encoding}: save it as 'CSV UTF-8', or set the option encoding",
            ) from None


def _columns(cells: Iterable[str]) -> list[str]:
    """Our name of each column, empty for one we do not know. Raises ``Rejected`` for an unfit heading."""
    columns = []
    for cell in cells:
        name = _plain(cell)
        prefix = "billing_" if name.startswith("billing_") else ""
        own = name.removeprefix(prefix)
        name = prefix + COLUMNS.get(own, own)
        columns.append(name if name in ORDER_COLUMNS | LINE_COLUMNS else "")
    twice = {name for name in columns if name and columns.count(name) > 1}
    if twice:
        raise Rejected(sorted(twice)[0], "twice", f"two columns mean '{sorted(twice)[0]}'")
    for name in NEEDED:
        if name not in columns:
            raise Rejected(name, "no_column", f"no column '{name}' (or {', '.join(ALIASES.get(name, ()))})")
    return columns


def _plain(cell: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", cell.strip().lower()).strip("_")


def _delimiter(heading: str) -> str:
    """The one that cuts the heading into most columns that we know."""

    def known(delimiter: str) -> int:
        cells = next(csv.reader([heading], delimiter=delimiter))
        return sum(1 for cell in cells if _plain(cell) in COLUMNS or _plain(cell) in ALIASES)

    return max(DELIMITERS, key=known)
