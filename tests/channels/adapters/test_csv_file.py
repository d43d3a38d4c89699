"""Orders from a file: what is understood, and how each thing that is not is told with its row."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.adapters.base import Account, FileOrders
from channels.adapters.csv_file import CsvFile
from oms.core.errors import Rejected
from orders.drafts import Amount, OrderDraft
from tests.channels.adapters.test_woocommerce_read import law

D = Decimal


def split(text: str | bytes, **options: Any) -> tuple[FileOrders, list[OrderDraft]]:
    adapter = CsvFile(Account("file", "", options={"currency": "GBP"} | options))
    found = adapter.split(text.encode() if isinstance(text, str) else text)
    return found, [adapter.read(raw.body) for raw in found.orders]


def one(text: str | bytes, **options: Any) -> OrderDraft:
    found, drafts = split(text, **options)
    assert found.errors == [] and len(drafts) == 1
    return drafts[0]


def wrong(text: str, **options: Any) -> tuple[int, str, str]:
    found, drafts = split(text, **options)
    assert drafts == [] and len(found.errors) == 1
    (told,) = found.errors
    assert str(told.error).startswith(f"row {told.row}: ")
    return told.row, told.error.field, told.error.reason


FULL = """\
order,placed_at,sku,title,quantity,unit_price,discount,tax,shipping,shipping_tax,shipping_method,total,currency,name,address1,city,postcode,country,email,paid_at,note
1001,2026-03-01 10:00,TEA,Green tea,2,5.00,1.00,1.80,3.00,0.60,Post,18.80,GBP,Ann Lee,1 High St,Leeds,LS1 1AA,gb,ann@example.com,2026-03-01 10:05,"Ring twice, please"
1001,,CUP,Cup,1,3.50,,0.90,,,,,,,,,,,,,
"""


def test_an_order_of_two_rows() -> None:
    draft = one(FULL, zone="Europe/London")
    assert (draft.source, draft.external_id, draft.number) == ("file", "1001", "1001")
    assert draft.placed_at == datetime(2026, 3, 1, 10, tzinfo=UTC) == draft.updated_at
    assert [(x.external_id, x.sku, x.quantity, x.net.customer, x.tax.customer) for x in draft.lines] == [
        ("1", "TEA", 2, D("9.00"), D("1.80")),
        ("2", "CUP", 1, D("3.50"), D("0.90")),
    ]
    assert [(c.kind, c.title, c.net.customer, c.tax.customer) for c in draft.charges] == [
        ("shipping", "Post", D("3.00"), D("0.60"))
    ]
    assert draft.total == law(draft) == Amount.same(D("18.80"))
    assert draft.shipping_address.country == "GB" and draft.billing_address == draft.shipping_address
    assert (draft.note, draft.email, draft.missing) == ("Ring twice, please", "ann@example.com", ())
    (paid,) = draft.payments
    assert (paid.kind, paid.amount, paid.external_id) == ("external_paid", draft.total, "paid-1001")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_delimiter_with_and_without_a_mark(delimiter: str, mark: bytes, end: str) -> None:
    rows = list(csv.reader(io.StringIO(FULL)))
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    assert one(mark + out.getvalue().encode(), zone="Europe/London").total == Amount.same(D("18.80"))


def test_what_excel_calls_unicode_text() -> None:
    data = FULL.replace("Ann Lee", "Åsa Öst").encode("utf-16")
    assert one(data).customer_name == "Åsa Öst"


def test_other_names_of_columns() -> None:
    text = "Order Number;Order Date;StockCode;Description;Qty;Unit Price;Ship To;Zip;Colour\n7;2026-03-01;A;Apple;1;2.00;Ann;LS1;red\n"
    draft = one(text)
    assert (draft.lines[0].sku, draft.lines[0].title, draft.shipping_address.name) == ("A", "Apple", "Ann")
    assert draft.shipping_address.postcode == "LS1"


def test_billing_columns_are_apart() -> None:
    draft = one("order,date,sku,qty,price,name,billing_name,billing_zip\n7,2026-03-01,A,1,2.00,Ann,Bob,BD1\n")
    assert (draft.shipping_address.name, draft.billing_address.name, draft.billing_address.postcode) == (
        "Ann",
        "Bob",
        "BD1",
    )
    assert draft.customer_name == "Bob"


HEAD = "order,placed_at,sku,quantity,unit_price\n"


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("2026-07-01", {}, datetime(2026, 7, 1, tzinfo=UTC)),
        ("2026-07-01T12:00:00Z", {"zone": "Europe/London"}, datetime(2026, 7, 1, 12, tzinfo=UTC)),
        ("2026-07-01 12:00", {"zone": "Europe/London"}, datetime(2026, 7, 1, 11, tzinfo=UTC)),
        ("2026-07-01T12:00+05:30", {}, datetime(2026, 7, 1, 6, 30, tzinfo=UTC)),
        ("01/07/2026 12:00", {"date_format": "%d/%m/%Y %H:%M"}, datetime(2026, 7, 1, 12, tzinfo=UTC)),
    ],
)
def test_times(text: str, options: dict[str, Any], expected: datetime) -> None:
    assert one(f"{HEAD}7,{text},A,1,2.00\n", **options).placed_at == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ('7,2026-03-01,A,1,"2,50"', (2, "unit_price", "decimal_comma")),
        ('7,2026-03-01,A,1,"1.234,50"', (2, "unit_price", "decimal_comma")),
        ('7,2026-03-01,A,1,"1,234.50"', (2, "unit_price", "not_a_number")),
        ("7,2026-03-01,A,1,£2", (2, "unit_price", "not_a_number")),
        ("7,2026-03-01,A,1,1e3", (2, "unit_price", "not_a_number")),
        ("7,01/07/2026,A,1,2.00", (2, "placed_at", "not_a_time")),
        ("7,,A,1,2.00", (2, "placed_at", "missing")),
        ("7,2026-03-01,A,,2.00", (2, "quantity", "missing")),
        ("7,2026-03-01,A,1.5,2.00", (2, "quantity", "not_whole")),
        ("7,2026-03-01,A,-1,2.00", (2, "quantity", "negative")),
        ("7,2026-03-01,,1,2.00", (2, "sku", "missing")),
        ("7,2026-03-01,A,1,", (2, "unit_price", "missing")),
        (",2026-03-01,A,1,2.00", (2, "order", "missing")),
        ("7,2026-03-01,A,1,2.00,surprise", (2, "row", "too_long")),
        ("7,2026-03-01,A,1,2.00\n7,2026-03-02,B,1,2.00", (3, "placed_at", "contradiction")),
        ('\n\n7,2026-03-01,A,1,"2,50"', (4, "unit_price", "decimal_comma")),
    ],
)
def test_what_is_wrong_is_told_with_its_row(row: str, expected: tuple[int, str, str]) -> None:
    assert wrong(f"{HEAD}{row}\n") == expected


def test_a_cell_of_several_lines_is_one_row() -> None:
    text = 'order,placed_at,sku,quantity,unit_price,note\n1,2026-03-01,A,1,2.00,"one\ntwo\nthree"\n2,2026-03-01,A,1,x,\n'
    assert split(text)[0].errors[0].row == 3


def test_a_bad_order_does_not_stop_the_good_ones() -> None:
    found, drafts = split(
        f'{HEAD}1,2026-03-01,A,1,2.00\n2,2026-03-01,A,x,2.00\n1,,B,1,3.00\n3,2026-03-01,A,1,"4,00"\n'
    )
    assert [(draft.external_id, len(draft.lines)) for draft in drafts] == [("1", 2)]
    assert [(error.row, error.external_id) for error in found.errors] == [(3, "2"), (5, "3")]


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        (b"", "file", "empty"),
        (b"  \n\n", "file", "empty"),
        (b"sku,quantity\nA,1\n", "order", "no_column"),
        (b"order,placed_at,qty,pieces\n", "quantity", "twice"),
        ("order,placed_at,quantity,name\n1,2026-03-01,1,Jörg\n".encode("latin-1"), "file", "not_utf8"),
        (b'order,placed_at,quantity,sku\n1,2026-03-01,1,"never closed\n', "file", "not_csv"),
    ],
)
def test_a_file_that_is_no_such_file(text: bytes, field: str, reason: str) -> None:
    with pytest.raises(Rejected) as refusal:
        split(text)
    assert (refusal.value.field, refusal.value.reason) == (field, reason)


def test_the_encoding_can_be_told() -> None:
    text = "order,placed_at,quantity,title,price,name\n1,2026-03-01,1,Tee,2.00,Jörg\n".encode("latin-1")
    assert one(text, encoding="latin-1").customer_name == "Jörg"


def test_a_line_without_sku_is_free_text_and_ids_may_be_given() -> None:
    draft = one(
        "order,placed_at,line,title,quantity,line_total\n1,2026-03-01,a,Engraving,1,4.00\n1,2026-03-01,b,Engraving,2,6.00\n"
    )
    assert [(x.external_id, x.kind, x.unit_price) for x in draft.lines] == [
        ("a", "custom", 4),
        ("b", "custom", 3),
    ]
    twice = (
        "order,placed_at,line,title,quantity,line_total\n1,2026-03-01,a,X,1,4.00\n1,2026-03-01,a,X,2,6.00\n"
    )
    assert wrong(twice) == (3, "line", "twice")


def test_currency_from_the_file_from_the_account_or_refused() -> None:
    text = "order,placed_at,sku,quantity,unit_price,currency\n7,2026-03-01,A,1,2.00,{}\n"
    assert one(text.format("eur")).currency == "EUR"
    assert one(text.format("")).currency == "GBP"
    assert wrong(text.format("quid")) == (2, "currency", "unknown")
    assert wrong(text.format(""), currency="") == (2, "currency", "unknown")


def test_prices_that_hold_their_tax_discount_and_cancel() -> None:
    text = "order,placed_at,sku,quantity,unit_price,tax,order_discount,status,updated_at\n7,2026-03-01,A,2,6.00,2.00,1.00,Cancelled,2026-03-05\n"
    draft = one(text, prices_include_tax=True)
    assert draft.prices_include_tax
    assert (draft.lines[0].net.customer, draft.charges[0].kind) == (D("10.00"), "discount")
    assert draft.total == law(draft) == Amount.same(D("11.00"))
    assert draft.cancelled_at == draft.updated_at == datetime(2026, 3, 5, tzinfo=UTC)


def test_a_total_that_does_not_add_up_stays() -> None:
    draft = one("order,placed_at,sku,quantity,unit_price,total\n7,2026-03-01,A,1,2.00,3.00\n")
    assert draft.total == Amount.same(D("3.00")) != law(draft)


def test_the_same_file_gives_the_same_bytes_whatever_stands_around_the_order() -> None:
    first, _ = split(f"{HEAD}1,2026-03-01,A,1,2.00\n")
    again, _ = split(f"{HEAD}1,2026-03-01,A,1,2.00\n2,2026-03-01,A,1,2.00\n")
    assert first.orders[0].body == again.orders[0].body


money = st.decimals(0, 9999, places=2, allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(money, st.integers(0, 99), money), min_size=1, max_size=8), st.booleans())
def test_law_without_a_total_of_its_own(rows: list[tuple[Decimal, int, Decimal]], included: bool) -> None:
    text = "order,placed_at,sku,quantity,unit_price,tax\n"
    text += "".join(
        f"7,2026-03-01,S{n},{quantity},{price},{tax}\n" for n, (price, quantity, tax) in enumerate(rows)
    )
    draft = one(text, prices_include_tax=included)
    paid = sum((price * quantity + (0 if included else tax) for price, quantity, tax in rows), D(0))
    assert law(draft) == draft.total == Amount.same(paid)
