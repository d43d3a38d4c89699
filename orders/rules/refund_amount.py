"""How much a refund comes to: the one function for the preview and for the deed.

All amounts are in the customer's currency, exact to the minor unit. The value of the first k of a line's n
units is ``round(paid * k / n)``; refunding units k+1 … m gives the difference of two such values, so that
however a line is refunded in pieces, the pieces sum to what was paid for it, to the cent. The last piece
takes whatever is left, also after amounts were refunded apart from quantities. Nothing here touches stock.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException

from oms.core.errors import Reason
from oms.core.money import MixedCurrencies, Money, fits, to_minor, words
from oms.core.words import Told, gettext_noop, told

ZERO = Decimal(0)


@dataclass(frozen=True)
class PaidLine:
    """What was paid for a line of ``quantity`` units (after cancelled ones were settled), and what of it
    was given back: ``refunded_quantity`` units and amounts, quantity and amount apart; refunds on their way
    included."""

    key: Hashable
    title: str
    quantity: int
    net: Decimal
    tax: Decimal = ZERO
    refunded_quantity: int = 0
    refunded_net: Decimal = ZERO
    refunded_tax: Decimal = ZERO

    @property
    def left_net(self) -> Decimal:
        return self.net - self.refunded_net

    @property
    def left_tax(self) -> Decimal:
        return self.tax - self.refunded_tax

    @property
    def left_quantity(self) -> int:
        return self.quantity - self.refunded_quantity


@dataclass(frozen=True)
class PaidCharge:
    """A fee that can be told from the others (its shop has an id for it), and what of it was given back by name."""

    key: Hashable
    title: str
    net: Decimal
    tax: Decimal = ZERO
    refunded_net: Decimal = ZERO
    refunded_tax: Decimal = ZERO

    @property
    def left_tax(self) -> Decimal:
        return self.tax - self.refunded_tax

    @property
    def left(self) -> Decimal:
        return self.net - self.refunded_net + self.left_tax


@dataclass(frozen=True)
class PaidOrder:
    """``refundable`` is captured less refunded, less refunds on their way, less disputed money
    (``progress.Balance.refundable``). ``shipping_*`` is what was paid for it, ``shipping_refunded_*`` given
    back; ``charges_*`` the same for what else was paid: fees such as gift wrap and duties, and rounding up.
    ``named_charges`` are those among them that can be given back by name."""

    currency: str
    lines: Sequence[PaidLine]
    refundable: Decimal
    shipping_net: Decimal = ZERO
    shipping_tax: Decimal = ZERO
    shipping_refunded_net: Decimal = ZERO
    shipping_refunded_tax: Decimal = ZERO
    charges_net: Decimal = ZERO
    charges_tax: Decimal = ZERO
    charges_refunded_net: Decimal = ZERO
    charges_refunded_tax: Decimal = ZERO
    named_charges: Sequence[PaidCharge] = ()


@dataclass(frozen=True)
class LineAsk:
    """Refund ``quantity`` units of a line at what was paid for them, or ``amount`` (tax included) whatever
    the quantity: an amount with quantity 0 is a price reduction, and leaves the units to be refunded
    later."""

    key: Hashable
    quantity: int = 0
    amount: Money | None = None


@dataclass(frozen=True)
class RefundAsk:
    """``shipping`` and ``charges`` (fees that the customer paid) include tax. ``named_charges`` are fees to be given
    back with all that is left of them; ``charges`` comes on top. ``goodwill`` comes on top of what was paid for
    anything; ``fee`` is kept back (restocking, return label). ``whole`` asks for all that is left of every line,
    and of shipping and charges where no amount of theirs is named."""

    lines: Sequence[LineAsk] = ()
    shipping: Money | None = None
    charges: Money | None = None
    goodwill: Money | None = None
    fee: Money | None = None
    whole: bool = False
    named_charges: Sequence[Hashable] = ()


@dataclass(frozen=True)
class LineRefund:
    key: Hashable
    quantity: int
    net: Decimal
    tax: Decimal

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


@dataclass(frozen=True)
class ChargeRefund:
    key: Hashable
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class RefundQuote:
    """``total`` = lines + shipping + charges + goodwill - fee - deduction; ``named_charges`` are part of the charges.
    ``refusals`` empty: the refund may be made as it stands."""

    currency: str
    lines: tuple[LineRefund, ...]
    shipping_net: Decimal
    shipping_tax: Decimal
    charges_net: Decimal
    charges_tax: Decimal
    goodwill: Decimal
    fee: Decimal
    deduction: Decimal
    total: Decimal
    refusals: tuple[Reason, ...]
    named_charges: tuple[ChargeRefund, ...] = ()


def refund_amount(order: PaidOrder, ask: RefundAsk) -> RefundQuote:
    """Raises :class:`MixedCurrencies` when an amount is not in the order's currency; every other fault is a
    refusal."""
    for money in (ask.shipping, ask.charges, ask.goodwill, ask.fee, *(a.amount for a in ask.lines)):
        if money is not None and money.currency != order.currency:
            raise MixedCurrencies(f"a refund in {money.currency} of an order in {order.currency}")
    refusals: list[Reason] = []
    asks = tuple(ask.lines)
    if ask.whole:
        asks = tuple(
            LineAsk(x.key, x.left_quantity)
            for x in order.lines
            if x.left_quantity or x.left_net or x.left_tax
        )
    known = {line.key: line for line in order.lines}
    if len({a.key for a in asks}) < len(asks):
        refusals.append(Reason("line_twice", told(gettext_noop("A line is named twice"))))
    lines = tuple(
        _line(known[a.key], a, order.currency, refusals) if a.key in known else _unknown(a, refusals)
        for a in asks
    )
    shipping_net, shipping_tax = _part(told(gettext_noop("Shipping")), "more_than_shipping", order.currency, (
        order.shipping_net - order.shipping_refunded_net, order.shipping_tax - order.shipping_refunded_tax
    ), ask.shipping, ask.whole, refusals)  # fmt: skip
    named, charges_left = _named(order, ask, refusals)
    charges_net, charges_tax = _part(
        told(gettext_noop("Fees")),
        "more_than_charges",
        order.currency,
        charges_left,
        ask.charges,
        ask.whole,
        refusals,
    )
    charges_net += sum((x.net for x in named), ZERO)
    charges_tax += sum((x.tax for x in named), ZERO)
    goodwill = _plain(ask.goodwill, told(gettext_noop("goodwill")), refusals)
    fee = _plain(ask.fee, told(gettext_noop("fee")), refusals)
    before_fee = sum(
        (x.gross for x in lines), shipping_net + shipping_tax + charges_net + charges_tax + goodwill
    )
    deduction = ZERO
    if ask.whole:
        deduction = max(ZERO, min(before_fee, before_fee - fee - max(ZERO, order.refundable)))
    total = before_fee - fee - deduction
    if fee > before_fee:
        refusals.append(Reason("fee_too_high", told(gettext_noop("The fee is more than what is given back"))))
    elif total <= 0 and not refusals:
        refusals.append(Reason("nothing_to_refund", told(gettext_noop("There is nothing to give back"))))
    if total > order.refundable:
        most = words(max(ZERO, order.refundable), order.currency)
        refusals.append(
            Reason(
                "more_than_paid",
                told(gettext_noop("Only %(most)s of the customer's money is left to give back"), most=most),
            )
        )
    return RefundQuote(
        currency=order.currency,
        lines=lines,
        shipping_net=shipping_net,
        shipping_tax=shipping_tax,
        charges_net=charges_net,
        charges_tax=charges_tax,
        goodwill=goodwill,
        fee=fee,
        deduction=deduction,
        total=total,
        refusals=tuple(refusals),
        named_charges=named,
    )


def _named(
    order: PaidOrder, ask: RefundAsk, refusals: list[Reason]
) -> tuple[tuple[ChargeRefund, ...], tuple[Decimal, Decimal]]:
    """The fees that go back by name, and what is left (net and tax) of all fees after them.

    An amount given back of the fees as such was for none of them by name, so the last of them may find less left
    than was paid for it. Asked for, that is refused; in everything that is left, it goes back without a name.
    """
    known = {charge.key: charge for charge in order.named_charges}
    left_net = order.charges_net - order.charges_refunded_net
    left_tax = order.charges_tax - order.charges_refunded_tax
    named: list[ChargeRefund] = []
    if len(set(ask.named_charges)) < len(ask.named_charges):
        refusals.append(Reason("charge_twice", told(gettext_noop("A fee is named twice"))))
    everything = order.named_charges if ask.whole and ask.charges is None else ()
    for key in dict.fromkeys([*ask.named_charges, *(charge.key for charge in everything)]):
        charge, asked = known.get(key), key in ask.named_charges
        if charge is None:
            refusals.append(
                Reason("unknown_charge", told(gettext_noop("A fee that this order does not have")))
            )
        elif charge.left <= 0:
            if asked:
                why = told(gettext_noop("%(title)s: given back already"), title=charge.title)
                refusals.append(Reason("charge_gone", why))
        elif charge.left > left_net + left_tax:
            if asked:
                why = _too_much(charge.title, charge.left, left_net + left_tax, order.currency)
                refusals.append(Reason("more_than_charges", why))
        else:
            net = min(charge.left - min(charge.left_tax, left_tax), left_net)
            named.append(ChargeRefund(key, net, charge.left - net))
            left_net, left_tax = left_net - net, left_tax - (charge.left - net)
    return tuple(named), (left_net, left_tax)


def _line(line: PaidLine, ask: LineAsk, currency: str, refusals: list[Reason]) -> LineRefund:
    if ask.quantity < 0 or ask.quantity > line.left_quantity:
        why = told(
            gettext_noop("%(title)s: %(asked)s asked for, %(left)s left to refund"), title=line.title, asked=ask.quantity,
            left=line.left_quantity,
        )  # fmt: skip
        refusals.append(Reason("too_many_units", why))
        return LineRefund(line.key, ask.quantity, ZERO, ZERO)
    if ask.amount is not None:
        return _amount(line, ask, currency, refusals)
    if ask.quantity == line.left_quantity:
        return LineRefund(line.key, ask.quantity, line.left_net, line.left_tax)
    net = _slice(line.net, line, ask.quantity, currency)
    tax = _slice(line.tax, line, ask.quantity, currency)
    return LineRefund(line.key, ask.quantity, _at_most(net, line.left_net), _at_most(tax, line.left_tax))


def _slice(paid: Decimal, line: PaidLine, quantity: int, currency: str) -> Decimal:
    """What the units after those already refunded cost."""

    def first(units: int) -> Decimal:
        return to_minor(paid * units / line.quantity, currency)

    return first(line.refunded_quantity + quantity) - first(line.refunded_quantity)


def _at_most(value: Decimal, left: Decimal) -> Decimal:
    return max(ZERO, min(value, left))


def _amount(line: PaidLine, ask: LineAsk, currency: str, refusals: list[Reason]) -> LineRefund:
    amount = _plain(ask.amount, line.title, refusals)
    left = line.left_net + line.left_tax
    if amount > left:
        refusals.append(Reason("more_than_line", _too_much(line.title, amount, left, currency)))
    tax = _tax_part(amount, left, line.left_tax, currency)
    return LineRefund(line.key, ask.quantity, amount - tax, tax)


def _tax_part(amount: Decimal, left: Decimal, left_tax: Decimal, currency: str) -> Decimal:
    """The tax in an amount, at the share it has in what is left, so that the last amount takes the last
    tax."""
    if not left:
        return ZERO
    return left_tax if amount == left else to_minor(amount * left_tax / left, currency)


def _part(
    name: str,
    code: str,
    currency: str,
    left: tuple[Decimal, Decimal],
    asked: Money | None,
    whole: bool,
    refusals: list[Reason],
) -> tuple[Decimal, Decimal]:
    """Net and tax of what is given back of a part that has no units. ``left`` is net and tax."""
    gross = left[0] + left[1]
    amount = gross if whole and asked is None else _plain(asked, name, refusals)
    if amount > gross:
        refusals.append(Reason(code, _too_much(name, amount, gross, currency)))
    tax = _tax_part(amount, gross, left[1], currency)
    return amount - tax, tax


def _too_much(what: str, asked: Decimal, left: Decimal, currency: str) -> Told:
    return told(
        gettext_noop("%(what)s: %(asked)s asked for, %(left)s left"), what=what, asked=words(asked, currency),
        left=words(left, currency),
    )  # fmt: skip


def _plain(money: Money | None, what: str, refusals: list[Reason]) -> Decimal:
    if money is None:
        return ZERO
    if not _chargeable(money):
        why = told(
            gettext_noop("%(what)s: %(amount)s is finer than %(currency)s allows"), what=what, amount=money.amount,
            currency=money.currency,
        )  # fmt: skip
        refusals.append(Reason("not_chargeable", why))
        return ZERO
    if money.amount < 0:
        refusals.append(Reason("negative", told(gettext_noop("%(what)s: an amount below zero"), what=what)))
        return ZERO
    return money.amount


def _chargeable(money: Money) -> bool:
    try:
        return fits(money.amount, money.currency)
    except DecimalException:
        return False


def _unknown(ask: LineAsk, refusals: list[Reason]) -> LineRefund:
    refusals.append(Reason("unknown_line", told(gettext_noop("A line that this order does not have"))))
    return LineRefund(ask.key, ask.quantity, ZERO, ZERO)


def shop_side(
    amount: Decimal, already: Decimal, captured: Decimal, captured_shop: Decimal, shop: str
) -> Decimal:
    """The same refund in the shop's currency, at the rate of the capture. ``already`` was refunded before.
    As with units, refunds in pieces sum to exactly what the shop booked for the capture."""
    if not captured:
        return ZERO

    def booked(refunded: Decimal) -> Decimal:
        return to_minor(captured_shop * refunded / captured, shop)

    return booked(already + amount) - booked(already)
