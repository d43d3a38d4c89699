"""Read a CSV of the Online Retail shape: a named rule for every line, sales as orders, C-invoices as returns.

The shape is that of Chen, Sain and Guo's "Online Retail" (UCI, doi:10.24432/C5BW33): InvoiceNo, StockCode,
Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country; prices in GBP, times on the wall clock of
London. Plain or gzipped, any size: one pass, streamed. The second edition's names of columns are read too.

Decisions, so that nothing is counted twice or lost:

* An invoice is an order. Lines of one invoice with the same item at the same price are one order line with
  the quantities added (``source_lines`` tells how many); the same item at two prices stays two lines.
* A stock code is the same item in capitals and small letters (85123a is 85123A): the SKU is in capitals.
* The first line of an invoice gives its time, customer and country (43 invoices of the file cross a minute).
  Pieces of one invoice with others between them are put together; one repeated far away is an order "…-2".
* A cancelled line is *matched* when earlier sales of the same item to the same customer still have its whole
  quantity left, newest sale first; several sales may share it. What is only partly covered is not matched,
  and takes nothing.
* What is bought without a customer number is an order of a guest; its cancellation can never be matched.
"""

from __future__ import annotations

import csv
import enum
import gzip
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
NEIGHBOURS = 8
_OTHER_NAMES = {"Invoice": "InvoiceNo", "Price": "UnitPrice", "Customer ID": "CustomerID"}


class Rule(enum.StrEnum):
    """Why a line is what it is. Every line of a file has exactly one."""

    ITEM = "item"
    FREE_ITEM = "item, free of charge"
    POSTAGE = "postage"
    FEE = "fee of a bank, marketplace or charity"
    MANUAL = "entered by hand"
    DISCOUNT = "discount"
    SAMPLE = "samples"
    VOUCHER = "gift voucher"
    CHARGE_REVERSED = "postage or fee taken back"
    BAD_DEBT = "bad debt"
    STOCK_FOUND = "stock found"
    STOCK_WRITTEN_OFF = "stock written off"
    BLANK = "no description and no price"
    CANCELLATION_MATCHED = "cancellation, matched"
    CANCELLATION_UNMATCHED = "cancellation, not matched"
    UNREADABLE = "unreadable"

    @property
    def group(self) -> str:
        return GROUPS[self]


GROUPS = {
    Rule.ITEM: "item",
    Rule.FREE_ITEM: "item",
    Rule.POSTAGE: "postage and fees",
    Rule.FEE: "postage and fees",
    Rule.MANUAL: "postage and fees",
    Rule.DISCOUNT: "postage and fees",
    Rule.SAMPLE: "postage and fees",
    Rule.VOUCHER: "postage and fees",
    Rule.CHARGE_REVERSED: "postage and fees",
    Rule.BAD_DEBT: "adjustment",
    Rule.STOCK_FOUND: "adjustment",
    Rule.STOCK_WRITTEN_OFF: "adjustment",
    Rule.BLANK: "adjustment",
    Rule.CANCELLATION_MATCHED: "cancellation, matched",
    Rule.CANCELLATION_UNMATCHED: "cancellation, not matched",
    Rule.UNREADABLE: "unreadable",
}
GOODS = frozenset({Rule.ITEM, Rule.FREE_ITEM})
CHARGES = frozenset({Rule.POSTAGE, Rule.FEE, Rule.MANUAL, Rule.DISCOUNT, Rule.SAMPLE, Rule.VOUCHER})

_CODES = {
    "POST": Rule.POSTAGE,
    "DOT": Rule.POSTAGE,
    "C2": Rule.POSTAGE,
    "BANK CHARGES": Rule.FEE,
    "AMAZONFEE": Rule.FEE,
    "CRUK": Rule.FEE,
    "M": Rule.MANUAL,
    "PADS": Rule.MANUAL,
    "D": Rule.DISCOUNT,
    "S": Rule.SAMPLE,
    "B": Rule.BAD_DEBT,
}
_PRODUCT = re.compile(r"\d{5}[A-Z]{0,2}|DCGS\w+")

# "European Community" and "Unspecified" are no countries. An order has to go somewhere all the same: to the
# seat of the one, and to the shop's own country for the other.
NO_COUNTRY = frozenset({"European Community", "Unspecified"})
COUNTRIES = {
    "Australia": "AU",
    "Austria": "AT",
    "Bahrain": "BH",
    "Belgium": "BE",
    "Brazil": "BR",
    "Canada": "CA",
    "Channel Islands": "JE",
    "Cyprus": "CY",
    "Czech Republic": "CZ",
    "Denmark": "DK",
    "EIRE": "IE",
    "European Community": "BE",
    "Finland": "FI",
    "France": "FR",
    "Germany": "DE",
    "Greece": "GR",
    "Hong Kong": "HK",
    "Iceland": "IS",
    "Israel": "IL",
    "Italy": "IT",
    "Japan": "JP",
    "Lebanon": "LB",
    "Lithuania": "LT",
    "Malta": "MT",
    "Netherlands": "NL",
    "Norway": "NO",
    "Poland": "PL",
    "Portugal": "PT",
    "RSA": "ZA",
    "Saudi Arabia": "SA",
    "Singapore": "SG",
    "Spain": "ES",
    "Sweden": "SE",
    "Switzerland": "CH",
    "USA": "US",
    "United Arab Emirates": "AE",
    "United Kingdom": "GB",
    "Unspecified": "GB",
}


@dataclass(frozen=True, slots=True)
class SaleLine:
    """Goods of an order. ``unit_price`` in GBP, up to four decimals; unique by (order, sku, unit_price)."""

    sku: str
    title: str
    quantity: int
    unit_price: Decimal
    source_lines: int = 1


@dataclass(frozen=True, slots=True)
class Charge:
    """Money on an order that is no goods; ``amount`` in GBP."""

    rule: Rule
    title: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """One invoice with at least one line of goods. ``customer`` is "" for a guest; ``placed_at`` is UTC."""

    number: str
    customer: str
    country: str
    placed_at: datetime
    lines: tuple[SaleLine, ...]
    charges: tuple[Charge, ...] = ()

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class Match:
    """These units of an earlier order's line come back."""

    order: str
    sku: str
    unit_price: Decimal
    quantity: int


@dataclass(frozen=True, slots=True)
class CancelledLine:
    """``quantity`` is positive; ``matches`` is empty where no earlier sale covers it, else sums up to it."""

    sku: str
    title: str
    quantity: int
    unit_price: Decimal
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancellation:
    """One C-invoice with at least one line of goods."""

    number: str
    customer: str
    country: str
    at: datetime
    lines: tuple[CancelledLine, ...]


@dataclass
class Account:
    """What became of every line: fills itself while a file is read."""

    lines: int = 0
    invoices: int = 0
    orders: int = 0
    cancellations: int = 0
    rules: Counter[Rule] = field(default_factory=Counter)

    @property
    def groups(self) -> Counter[str]:
        """Lines per group: item, postage and fees, adjustment, cancellation matched or not, unreadable."""
        groups: Counter[str] = Counter()
        for rule, count in self.rules.items():
            groups[rule.group] += count
        return groups

    @property
    def complete(self) -> bool:
        return self.rules.total() == self.lines


class NotOnlineRetail(ValueError):
    """The file has not the columns of the Online Retail set."""


def country_code(name: str) -> str:
    """ISO 3166 alpha-2 of a country as the file spells it; "" where it is none of the file's 38."""
    return COUNTRIES.get(name, "")


def rule_of(invoice: str, code: str, description: str, quantity: int, price: Decimal, customer: str) -> Rule:
    """The rule of one line. ``code`` in capitals. Cancelled goods are not matched until a sale is found."""
    cancelled = invoice[:1] == "C"
    if not _is_product(code):
        if code == "B" or invoice[:1] == "A":
            return Rule.BAD_DEBT
        if cancelled:
            return Rule.CHARGE_REVERSED
        if price or (quantity > 0 and customer):
            return _CODES.get(code) or (Rule.VOUCHER if code.startswith("GIFT_") else Rule.MANUAL)
    elif cancelled:
        return Rule.CANCELLATION_UNMATCHED
    elif quantity > 0 and price > 0:
        return Rule.ITEM
    elif price < 0:
        return Rule.BAD_DEBT
    elif quantity > 0 and customer and description:
        return Rule.FREE_ITEM
    if not description:
        return Rule.BLANK
    return Rule.STOCK_FOUND if quantity > 0 else Rule.STOCK_WRITTEN_OFF


@cache
def _is_product(code: str) -> bool:
    return _PRODUCT.fullmatch(code) is not None


@lru_cache(maxsize=65536)
def _price(text: str) -> Decimal:
    """The amount; kept, since half a million lines share a thousand prices. Raises ValueError."""
    try:
        price = Decimal(text)
    except InvalidOperation:
        raise ValueError(text)
    if not price.is_finite():
        raise ValueError(text)
    return price


@lru_cache(maxsize=4096)
def to_utc(text: str) -> datetime:
    """A wall-clock time of London, ``2011-01-26 08:30:00`` or the older files' ``1/26/2011 8:30``, in UTC."""
    local = datetime.strptime(text, "%m/%d/%Y %H:%M") if "/" in text else datetime.fromisoformat(text)
    return local.replace(tzinfo=LONDON).astimezone(UTC)


def week_of(moment: datetime) -> date:
    """The Monday, in London, of the week that ``moment`` falls in."""
    local = moment.astimezone(LONDON).date()
    return local - timedelta(days=local.weekday())


def rows(path: Path | str) -> Iterator[list[str]]:
    """The file's data rows, their columns in the order of ``COLUMNS``. Raises :class:`NotOnlineRetail`."""
    with open_text(path) as text:
        reader = csv.reader(text)
        header = [_OTHER_NAMES.get(name.strip(), name.strip()) for name in next(reader, [])]
        if not set(COLUMNS) <= set(header):
            raise NotOnlineRetail(f"{path}: columns missing: {sorted(set(COLUMNS) - set(header))}")
        if tuple(header) == COLUMNS:
            yield from reader
        else:
            pick = itemgetter(*(header.index(name) for name in COLUMNS))
            for row in reader:
                yield list(pick(row)) if len(row) == len(header) else row


def open_text(path: Path | str) -> io.TextIOWrapper:
    """The file as text, unpacked when its first bytes say gzip, whatever it is called."""
    raw = Path(path).open("rb")  # noqa: SIM115 - the wrapper returned below closes it
    packed = raw.peek(2)[:2] == b"\x1f\x8b"
    binary = gzip.GzipFile(fileobj=raw) if packed else raw
    return io.TextIOWrapper(binary, encoding="utf-8-sig", errors="replace", newline="")


def read(path: Path | str, account: Account | None = None) -> Iterator[Order | Cancellation]:
    """Orders and cancellations in the file's own order, that of time. ``account`` is filled on the way.

    Raises :class:`NotOnlineRetail` when the columns are not there; a line that cannot be read is counted.
    """
    return read_rows(rows(path), Account() if account is None else account)


def read_rows(lines: Iterable[list[str]], account: Account) -> Iterator[Order | Cancellation]:
    """:func:`read` for rows that are already at hand."""
    sold: dict[tuple[str, str], list[list]] = defaultdict(list)
    seen: Counter[str] = Counter()
    for invoice, group in _invoices(lines):
        account.invoices += 1
        seen[invoice] += 1
        number = invoice if seen[invoice] == 1 else f"{invoice}-{seen[invoice]}"
        found = _read_invoice(number, group, sold, account)
        if isinstance(found, Order):
            account.orders += 1
            yield found
        elif found is not None:
            account.cancellations += 1
            yield found


def _invoices(lines: Iterable[list[str]]) -> Iterator[tuple[str, list[list[str]]]]:
    """Rows by invoice, in the order of first appearance. Now and then others stand between the rows of one
    (542806), so each waits until ``NEIGHBOURS`` others have begun; a later piece is an order of its own."""
    waiting: dict[str, list[list[str]]] = {}
    for row in lines:
        invoice = row[0] if row else ""
        rows_so_far = waiting.get(invoice)
        if rows_so_far is not None:
            rows_so_far.append(row)
            continue
        if len(waiting) > NEIGHBOURS:
            first = next(iter(waiting))
            yield first, waiting.pop(first)
        waiting[invoice] = [row]
    yield from waiting.items()


def _read_invoice(
    number: str, group: Iterable[list[str]], sold: dict[tuple[str, str], list[list]], account: Account
) -> Order | Cancellation | None:
    head: tuple[str, str, datetime] | None = None
    goods: dict[tuple[str, Decimal], list] = {}
    charges: list[Charge] = []
    cancelled: list[CancelledLine] = []
    rules = account.rules
    for row in group:
        account.lines += 1
        try:
            invoice, code, title, quantity_text, at_text, price_text, customer, country = row
            quantity, price, at = int(quantity_text), _price(price_text), to_utc(at_text)
        except ValueError:
            rules[Rule.UNREADABLE] += 1
            continue
        sku = code.strip().upper()
        title = title.strip()
        customer = customer.strip().removesuffix(".0")
        if head is None:
            head = customer, country.strip(), at
        rule = rule_of(invoice, sku, title, quantity, price, customer)
        if rule in GOODS:
            line = goods.get((sku, price))
            if line is None:
                goods[sku, price] = [title, quantity, 1]
            else:
                line[1] += quantity
                line[2] += 1
            if customer:
                sold[customer, sku].append([number, price, quantity])
        elif rule in CHARGES:
            charges.append(Charge(rule, title, quantity * price))
        elif rule is Rule.CANCELLATION_UNMATCHED:
            matches = _take(sold.get((customer, sku)), sku, -quantity)
            cancelled.append(CancelledLine(sku, title, -quantity, price, matches))
            if matches:
                rule = Rule.CANCELLATION_MATCHED
        rules[rule] += 1
    if head is None:
        return None
    customer, country, at = head
    if goods:
        lines = tuple(
            SaleLine(sku, title, quantity, price, count)
            for (sku, price), (title, quantity, count) in goods.items()
        )
        return Order(number, customer, country, at, lines, tuple(charges))
    if cancelled:
        return Cancellation(number, customer, country, at, tuple(cancelled))
    return None


def _take(sales: list[list] | None, sku: str, quantity: int) -> tuple[Match, ...]:
    """Take ``quantity`` from the newest sales first; all of it or nothing."""
    if not sales or quantity <= 0 or sum(sale[2] for sale in sales) < quantity:
        return ()
    taken: Counter[tuple[str, Decimal]] = Counter()
    while quantity:
        sale = sales[-1]
        part = min(quantity, sale[2])
        taken[sale[0], sale[1]] += part
        quantity -= part
        sale[2] -= part
        if not sale[2]:
            sales.pop()
    return tuple(Match(order, sku, price, units) for (order, price), units in taken.items())
