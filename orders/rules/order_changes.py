"""What changed at the shop since we last read an order: its draft as we know it against the one just read.

Before work is released, what the shop says is applied. After it, a change of goods, address or cancellation
holds the order with both sides shown, since somebody may have the goods in hand. Facts about money that
already happened (payments, refunds) are always recorded.

What a person is shown is another comparison: our order as it stands against the shop's newest word
(``differing``). The shop may have changed twice, gone back, or said what we have long since done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from oms.core.errors import Reason
from oms.core.money import words
from oms.core.personal import hidden
from orders.drafts import AddressDraft, Amount, LineDraft, OrderDraft, called_off


@dataclass(frozen=True)
class Policy:
    """``before`` and ``after`` release: ``apply`` or ``hold``."""

    before: str
    after: str


POLICIES: Mapping[str, Policy] = {
    "cancelled": Policy("apply", "hold"),
    "revived": Policy("hold", "hold"),
    "address": Policy("apply", "hold"),
    "line_added": Policy("apply", "apply"),
    "line_removed": Policy("apply", "hold"),
    "quantity_up": Policy("apply", "apply"),
    "quantity_down": Policy("apply", "hold"),
    "item": Policy("apply", "hold"),
    "money": Policy("apply", "apply"),
    "refund": Policy("apply", "apply"),
    "payment": Policy("apply", "apply"),
    "billing": Policy("apply", "apply"),
    "contact": Policy("apply", "apply"),
    "shipping_method": Policy("apply", "hold"),
    "note": Policy("apply", "hold"),
    "other": Policy("apply", "apply"),
}
"""Kinds of change. More goods may always be taken in: they are promised and routed like new ones. A note
may say "please wait", so it is read by a person once the work has begun."""

_OF_A_LINE = frozenset({"line_removed", "quantity_up", "quantity_down", "item"})
_SAME_MATTER = {
    "revived": "cancelled", "line_added": "quantity", "line_removed": "quantity", "quantity_up": "quantity",
    "quantity_down": "quantity",
}  # fmt: skip

Matter = tuple[str, str | None]
"""What a change is about, whichever way it goes: whether the order is wanted, its address, the pieces of a
line (by the channel's line id) and so on."""


@dataclass(frozen=True)
class Change:
    """``line`` is the channel's line id, where it is about one; ``before`` and ``after`` are in words."""

    kind: str
    words: str
    line: str | None = None
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Decision:
    """``apply`` now; ``hold`` for a person."""

    apply: tuple[Change, ...]
    hold: tuple[Change, ...]


def changes(known: OrderDraft, read: OrderDraft) -> tuple[Change, ...]:
    """Empty where nothing of note changed, and where ``read`` is older than what we know (it came late)."""
    if read.updated_at < known.updated_at:
        return ()
    called_off = read.cancelled_at and not known.cancelled_at
    return (
        *_cancel(known, read),
        *_addresses(known, read),
        # Some shops empty the lines of an order that they cancel: that is no change besides.
        *(() if called_off else _lines(known, read)),
        *_money(known, read),
        *_facts(known, read),
        *_rest(known, read),
    )


def decide(found: Sequence[Change], released: Collection[str], unclear: Collection[str] = ()) -> Decision:
    """``released``: channel line ids of which a unit is released or further. A change of one line is judged
    by that line; one of the whole order by any. ``unclear``: lines of which a person has yet to say which
    product they are; more of them waits for that."""
    unclear = {*unclear, *(c.line for c in found if c.kind == "item" and c.line and c.line in released)}
    apply: list[Change] = []
    hold: list[Change] = []
    for change in found:
        begun = change.line in released if change.kind in _OF_A_LINE else bool(released)
        policy = POLICIES[change.kind]
        at_once = (policy.after if begun else policy.before) == "apply"
        (apply if at_once and not (change.kind == "quantity_up" and change.line in unclear) else hold).append(
            change
        )
    return Decision(tuple(apply), tuple(hold))


def matter(kind: str, line: str | None) -> Matter:
    return _SAME_MATTER.get(kind, kind), line


def differing(ours: OrderDraft, read: OrderDraft, moved: Collection[Matter]) -> tuple[Change, ...]:
    """Of the matters that moved at the shop, those that a person has to decide: what is other here than
    there now. Empty where the shop came back to ours, or we came to the shop's."""
    found = (c for c in changes(ours, read) if POLICIES[c.kind].after == "hold")
    return tuple(c for c in found if matter(c.kind, c.line) in moved)


def held(found: Sequence[Change]) -> Reason:
    """Why an order is held for these changes (hold of type changed_at_shop)."""
    told = "; ".join(c.words for c in found[:3]) + (f"; and {len(found) - 3} more" if len(found) > 3 else "")
    return Reason("changed_at_shop", f"Changed at the shop: {told}")


def _wanted(read: OrderDraft) -> bool:
    """Is anything of it still to be had? Some shops call an order refunded, not cancelled, once all was paid back."""
    gone = called_off(read)
    back = sum((refund.total.customer for refund in read.refunds), Decimal(0))
    if read.total.customer and back >= read.total.customer:
        return False
    return any(line.quantity > gone.get(line.external_id, 0) for line in read.lines)


def _cancel(known: OrderDraft, read: OrderDraft) -> Iterator[Change]:
    if read.cancelled_at and not known.cancelled_at:
        why = f" ({read.cancel_reason})" if read.cancel_reason else ""
        yield Change("cancelled", f"cancelled{why}", None, "wanted", "cancelled")
    elif known.cancelled_at and not read.cancelled_at and _wanted(read):
        yield Change("revived", "no longer cancelled", None, "cancelled", "wanted")


def _addresses(known: OrderDraft, read: OrderDraft) -> Iterator[Change]:
    for kind, told, before, after in (
        ("address", "another delivery address", known.shipping_address, read.shipping_address),
        ("billing", "another billing address", known.billing_address, read.billing_address),
    ):
        if _same(before) != _same(after):
            yield Change(kind, told, before=_written(before), after=_written(after))


def _same(address: AddressDraft) -> tuple[str, ...]:
    """An address without what makes no difference at the door: case and spaces."""
    return tuple(" ".join(getattr(address, f.name).casefold().split()) for f in fields(address))


def _written(address: AddressDraft) -> str:
    return ", ".join(value for f in fields(address) if (value := getattr(address, f.name)))


def _lines(known: OrderDraft, read: OrderDraft) -> Iterator[Change]:
    before = {line.external_id: line for line in known.lines}
    after = {line.external_id: line for line in read.lines}
    for key, old in before.items():
        new = after.get(key)
        if new is None or (old.quantity > 0 and new.quantity <= 0):
            if old.quantity > 0:
                yield Change("line_removed", f"{old.title} taken off", key, str(old.quantity), "0")
            continue
        if _what(old) != _what(new):
            yield Change("item", f"{old.title} became {new.title}", key, _named(old), _named(new))
        if old.quantity != new.quantity:
            kind = "quantity_up" if new.quantity > old.quantity else "quantity_down"
            told = f"{new.title}: {new.quantity} instead of {old.quantity}"
            yield Change(kind, told, key, str(old.quantity), str(new.quantity))
    for key, new in after.items():
        if key not in before and new.quantity > 0:
            yield Change("line_added", f"{new.quantity} of {new.title} added", key, "0", str(new.quantity))


def _what(line: LineDraft) -> tuple[str, ...]:
    """What the line sells: the channel's own ids first, since titles and SKUs are edited for other
    reasons."""
    ids = (line.external_product_id, line.external_variant_id)
    return ids if any(ids) else (line.sku,)


def _named(line: LineDraft) -> str:
    """With its pieces: whoever takes another product over takes as many as the shop wants of it."""
    return f"{line.quantity} × {line.title}" + (f" ({line.sku})" if line.sku else "")


def _money(known: OrderDraft, read: OrderDraft) -> Iterator[Change]:
    if (known.currency, known.shop_currency) != (read.currency, read.shop_currency):
        told = f"in {read.currency}/{read.shop_currency} instead of {known.currency}/{known.shop_currency}"
        yield Change("money", told, before=known.currency, after=read.currency)
    if known.total != read.total:
        before, after = words(known.total.customer, known.currency), words(read.total.customer, read.currency)
        yield Change("money", f"the total is {after} instead of {before}", None, before, after)
    elif _parts(known) != _parts(read):
        yield Change("money", "the amounts are spread differently over the lines")


def _parts(draft: OrderDraft) -> tuple[tuple[str, Amount, Amount], ...]:
    lines = ((x.external_id, x.net, x.tax) for x in draft.lines)
    charges = ((f"{x.kind}:{x.external_id or x.code or x.title}", x.net, x.tax) for x in draft.charges)
    return tuple(sorted((*lines, *charges), key=lambda part: part[0]))


def _facts(known: OrderDraft, read: OrderDraft) -> Iterator[Change]:
    """Refunds and payments are only ever added to, or change their status."""
    seen = {r.external_id for r in known.refunds}
    for refund in read.refunds:
        if refund.external_id not in seen:
            told = f"{words(refund.total.customer, read.currency)} refunded"
            yield Change("refund", told, after=refund.external_id)
    status = {p.external_id: (p.kind, p.status, p.amount) for p in known.payments}
    for payment in read.payments:
        was = status.get(payment.external_id)
        if was != (payment.kind, payment.status, payment.amount):
            told = f"{payment.kind} of {words(payment.amount.customer, read.currency)} {payment.status}"
            before = f"{was[0]} {was[1]}" if was else ""
            yield Change("payment", told, before=before, after=payment.external_id)


def _rest(known: OrderDraft, read: OrderDraft) -> Iterator[Change]:
    contact = ("email", "phone", "customer_name", "customer_external_id")
    if any(getattr(known, name) != getattr(read, name) for name in contact):
        before, after = (", ".join(filter(None, (getattr(d, n) for n in contact))) for d in (known, read))
        yield Change("contact", "another contact", None, before, after)
    if known.shipping_method != read.shipping_method:
        told = f"to be sent by “{read.shipping_method}”"
        yield Change("shipping_method", told, None, known.shipping_method, read.shipping_method)
    if known.note != read.note:
        yield Change("note", "another note of the customer", None, known.note, read.note)
    other = ("channel_status", "channel_risk", "tags", "missing", "test")
    for name in other:
        before, after = getattr(known, name), getattr(read, name)
        if before != after:
            yield Change("other", f"{name.replace('_', ' ')} changed", None, str(before), str(after))


NAMES_PEOPLE = frozenset({"address", "billing", "contact", "note"})


def hidden_side(kind: str, side: Any) -> Any:
    """One side of a change as one sees it who need not know the customer: of an address, a contact or a note, each
    text is shortened."""
    if kind not in NAMES_PEOPLE:
        return side
    if isinstance(side, Mapping):
        return {name: hidden_side(kind, value) for name, value in side.items()}
    if isinstance(side, list | tuple):
        return [hidden_side(kind, value) for value in side]
    return hidden(side) if isinstance(side, str) else side
