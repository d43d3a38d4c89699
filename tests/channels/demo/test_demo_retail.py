"""Every line of an Online Retail file gets one rule, and no order is lost or doubled."""

import gzip
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from channels.demo import retail
from channels.demo.extract import EXTRACT, extract, too_large, write
from channels.demo.retail import Account, Cancellation, Order, Rule

WHOLE = Path(__file__).parents[4] / "shared" / "data" / "online-retail" / "online_retail.csv.gz"
whole_file = pytest.mark.skipif(not WHOLE.exists(), reason="the whole data set is not there")
HEADER = ",".join(retail.COLUMNS)


def read(tmp_path, *lines, header=HEADER):
    path = tmp_path / "sales.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    account = Account()
    return list(retail.read(path, account)), account


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (("536365", "85123A", "HOLDER", 6, "2.55", "17850"), Rule.ITEM),
        (("536365", "DCGSSBOY", "BOYS PARTY BAG", 6, "3.29", ""), Rule.ITEM),
        (("536365", "22841", "CAKE TIN", 1, "0", "12647"), Rule.FREE_ITEM),
        (("536370", "POST", "POSTAGE", 3, "18", "12583"), Rule.POSTAGE),
        (("536544", "DOT", "DOTCOM POSTAGE", 1, "569.77", ""), Rule.POSTAGE),
        (("536540", "C2", "CARRIAGE", 1, "50", "14911"), Rule.POSTAGE),
        (("536779", "BANK CHARGES", "Bank Charges", 1, "15", "15823"), Rule.FEE),
        (("543358", "M", "Manual", 1, "5", "14911"), Rule.MANUAL),
        (("548913", "M", "Manual", 1, "0", "12744"), Rule.MANUAL),
        (("560373", "PADS", "PADS TO MATCH ALL CUSHIONS", 1, "0.001", "13426"), Rule.MANUAL),
        (("542541", "D", "Discount", 1, "27.5", "14527"), Rule.DISCOUNT),
        (("572849", "S", "SAMPLES", 1, "33.05", ""), Rule.SAMPLE),
        (("540238", "GIFT_0001_20", "Voucher", 1, "17.02", ""), Rule.VOUCHER),
        (("C536379", "D", "Discount", -1, "27.5", "14527"), Rule.CHARGE_REVERSED),
        (("C536548", "POST", "POSTAGE", -1, "18", "12472"), Rule.CHARGE_REVERSED),
        (("C536391", "22556", "PLASTERS IN TIN", -12, "1.65", "17548"), Rule.CANCELLATION_UNMATCHED),
        (("A563185", "B", "Adjust bad debt", 1, "11062.06", ""), Rule.BAD_DEBT),
        (("A563186", "B", "Adjust bad debt", 1, "-11062.06", ""), Rule.BAD_DEBT),
        (("536589", "21777", "", -10, "0", ""), Rule.BLANK),
        (("536414", "22139", "", 56, "0", ""), Rule.BLANK),
        (("537032", "21275", "?", -30, "0", ""), Rule.STOCK_WRITTEN_OFF),
        (("540980", "22501", "found", 10, "0", ""), Rule.STOCK_FOUND),
    ],
)
def test_each_kind_of_line_has_its_rule(line, rule):
    invoice, code, description, quantity, price, customer = line
    assert retail.rule_of(invoice, code, description, quantity, Decimal(price), customer) is rule


def test_the_extract_is_accounted_for_to_the_line():
    account = Account()
    found = list(retail.read(EXTRACT, account))
    assert account.lines == 9409
    assert account.complete
    assert account.rules[Rule.UNREADABLE] == 0
    orders = [each for each in found if isinstance(each, Order)]
    assert sum(line.source_lines for order in orders for line in order.lines) == account.groups["item"]
    cancelled = [each for each in found if isinstance(each, Cancellation)]
    assert sum(len(each.lines) for each in cancelled) == (
        account.groups["cancellation, matched"] + account.groups["cancellation, not matched"]
    )
    assert not any(too_large(order) for order in orders)
    assert len({order.number for order in orders}) == len(orders)


@whole_file
def test_the_whole_year_is_accounted_for_to_the_line():
    account = Account()
    lines = units_back = units_cancelled = 0
    sold: dict[tuple[str, str, Decimal], int] = {}
    for found in retail.read(WHOLE, account):
        if isinstance(found, Order):
            lines += sum(line.source_lines for line in found.lines)
            assert retail.country_code(found.country)
            for line in found.lines:
                key = found.number, line.sku, line.unit_price
                assert key not in sold
                sold[key] = line.quantity
            continue
        for line in found.lines:
            units_cancelled += line.quantity
            for match in line.matches:
                key = match.order, match.sku, match.unit_price
                sold[key] -= match.quantity
                assert sold[key] >= 0
                units_back += match.quantity
    assert account.lines == account.rules.total() == 541_909
    assert account.invoices == 25_900
    assert lines == account.groups["item"]
    assert set(account.groups) == {
        "item",
        "postage and fees",
        "adjustment",
        "cancellation, matched",
        "cancellation, not matched",
    }
    in_c_invoices = (Rule.CANCELLATION_MATCHED, Rule.CANCELLATION_UNMATCHED, Rule.CHARGE_REVERSED)
    assert sum(account.rules[rule] for rule in in_c_invoices) == 9_288
    assert 0 < units_back < units_cancelled


@whole_file
def test_the_extract_is_cut_from_the_whole_byte_for_byte(tmp_path):
    write(extract(WHOLE), tmp_path / "again.csv.gz")
    assert (tmp_path / "again.csv.gz").read_bytes() == EXTRACT.read_bytes()


def test_the_extract_is_small():
    assert EXTRACT.stat().st_size < 400_000


def test_same_item_and_price_are_one_line_and_two_prices_two(tmp_path):
    found, _ = read(
        tmp_path,
        "1,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom",
        "1,85123a,HOLDER,2,2010-12-01 08:26:00,2.55,17850,United Kingdom",
        "1,85123A,HOLDER,1,2010-12-01 08:26:00,5.91,17850,United Kingdom",
        "1,POST,POSTAGE,2,2010-12-01 08:26:00,18.00,17850,United Kingdom",
    )
    (order,) = found
    assert [(line.sku, line.quantity, line.unit_price, line.source_lines) for line in order.lines] == [
        ("85123A", 8, Decimal("2.55"), 2),
        ("85123A", 1, Decimal("5.91"), 1),
    ]
    assert [(charge.rule, charge.amount) for charge in order.charges] == [(Rule.POSTAGE, Decimal("36.00"))]


def test_an_interrupted_invoice_is_one_order_and_a_repeated_one_another(tmp_path):
    def line(invoice):
        return f"{invoice},22386,BAG,1,2011-02-01 11:19:00,1.95,12836,United Kingdom"

    found, account = read(tmp_path, line(1), line(2), line(1), *map(line, range(10, 25)), line(2))
    numbers = [order.number for order in found]
    assert numbers == ["1", "2", *map(str, range(10, 25)), "2-2"]
    assert found[0].units == 2
    assert account.orders == len(found)


def test_a_cancellation_takes_the_newest_sale_first_and_never_more_than_is_left(tmp_path):
    def line(invoice, quantity, customer="1"):
        return f"{invoice},22386,BAG,{quantity},2011-02-01 11:19:00,1.95,{customer},United Kingdom"

    found, account = read(
        tmp_path,
        line("501", 5),
        line("502", 3),
        line("C503", -4),
        line("C504", -5),
        line("C505", -4),
        line("C506", -1),
        line("C507", -1, customer="2"),
        line("508", 1, customer=""),
        line("C509", -1, customer=""),
    )
    matches = {
        each.number: [(match.order, match.quantity) for line in each.lines for match in line.matches]
        for each in found
        if isinstance(each, Cancellation)
    }
    assert matches == {
        "C503": [("502", 3), ("501", 1)],
        "C504": [],
        "C505": [("501", 4)],
        "C506": [],
        "C507": [],
        "C509": [],
    }
    assert account.rules[Rule.CANCELLATION_MATCHED] == 2
    assert account.rules[Rule.CANCELLATION_UNMATCHED] == 4


def test_what_cannot_be_read_is_counted_and_the_rest_goes_on(tmp_path):
    found, account = read(
        tmp_path,
        "1,22386,BAG,one,2011-02-01 11:19:00,1.95,7,United Kingdom",
        "1,22386,BAG,1,yesterday,1.95,7,United Kingdom",
        "1,22386,BAG,1,2011-02-01 11:19:00,NaN,7,United Kingdom",
        "1,22386",
        "1,22386,BAG,1,2011-02-01 11:19:00,1.95,7,United Kingdom",
    )
    assert account.rules == {Rule.UNREADABLE: 4, Rule.ITEM: 1}
    assert account.complete
    assert [order.units for order in found] == [1]


def test_a_file_of_another_shape_is_refused(tmp_path):
    with pytest.raises(retail.NotOnlineRetail, match="UnitPrice"):
        read(tmp_path, "1,2", header="InvoiceNo,StockCode")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(retail.NotOnlineRetail):
        list(retail.read(tmp_path / "empty.csv"))


def test_the_second_edition_and_a_gzip_without_the_name_are_read(tmp_path):
    path = tmp_path / "sales.csv"
    header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
    text = f"{header}\n489434,85048,LIGHTS,12,12/1/2009 7:45,6.95,13085.0,EIRE\n"
    path.write_bytes(gzip.compress(text.encode()))
    (order,) = retail.read(path)
    assert (order.customer, order.country) == ("13085", "EIRE")
    assert order.placed_at == datetime(2009, 12, 1, 7, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2011-01-26 08:30:00", datetime(2011, 1, 26, 8, 30, tzinfo=UTC)),
        ("2011-07-01 08:30:00", datetime(2011, 7, 1, 7, 30, tzinfo=UTC)),
    ],
)
def test_times_are_those_of_london(local, utc):
    assert retail.to_utc(local) == utc


def test_a_week_begins_on_londons_monday():
    assert retail.week_of(datetime(2011, 7, 3, 22, 59, tzinfo=UTC)) == date(2011, 6, 27)
    assert retail.week_of(datetime(2011, 7, 3, 23, 1, tzinfo=UTC)) == date(2011, 7, 4)


def test_all_38_countries_have_a_code():
    assert len(retail.COUNTRIES) == 38
    assert {retail.country_code(name) for name in ("EIRE", "RSA", "Channel Islands")} == {"IE", "ZA", "JE"}
    assert set(retail.COUNTRIES) >= retail.NO_COUNTRY
    assert retail.country_code("Narnia") == ""
