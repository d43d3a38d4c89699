"""What we do to a WooCommerce order: tell its shipment, and what was sent in its place, give money back, cancel it.

None of these calls is idempotent at WooCommerce, so each can be found again by a key of ours, and each
``confirm``/``issue`` looks first at what an earlier try has left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, Decimal
from html import unescape
from typing import Any

from channels.adapters.base import (
    CancelRequest,
    RefundRequest,
    RemoteRefund,
    ReplacementNotice,
    ShipmentNotice,
)
from channels.adapters.reading import number, signed, unsigned
from channels.adapters.woocommerce_read import CALLED_OFF, OUR_KEY, refunded_item
from channels.adapters.woocommerce_wire import Wire
from oms.core.errors import Rejected

# Gateways of WooCommerce itself that cannot move money back: the merchant does that by hand.
OFFLINE = frozenset({"", "bacs", "cheque", "cod"})
DONE = frozenset({"completed", "refunded", "failed", *CALLED_OFF})


class Effects(Wire):
    def find_shipment(self, notice: ShipmentNotice) -> str | None:
        """The signed note is the receipt: it is written last, so where it stands everything was told."""
        for note in self._notes(notice.external_order_id):
            if unsigned(note.get("note"))[1] == notice.key:
                return str(note["id"])
        return None

    def confirm_shipment(self, notice: ShipmentNotice) -> str:
        """Tracking by the Shipment Tracking plug-in where it is, else a note to the customer; then status.

        The status becomes ``completed`` only when ``completes_order``, and never out of a status in which
        the order is over already. Raises ``Rejected`` when the order is gone.
        """
        status = self._order(notice.external_order_id).get("status")
        told = self._track(notice)
        if notice.completes_order and status not in DONE:
            self.send("PUT", f"orders/{notice.external_order_id}", {"status": "completed"})
        return self._note(notice, _words("Shipped", notice), customer=notice.notify_customer and not told)

    def find_replacement(self, notice: ReplacementNotice) -> str | None:
        return self.find_shipment(notice.parcel)

    def tell_replacement(self, notice: ReplacementNotice) -> str:
        """As a shipment, beside the first. No change of status mails the customer this time, so the note does."""
        parcel = notice.parcel
        self._order(parcel.external_order_id)
        self._track(parcel)
        return self._note(parcel, _words("Sent again", parcel), customer=parcel.notify_customer)

    def find_refund(self, request: RefundRequest) -> RemoteRefund | None:
        for refund in self.every(f"orders/{request.external_order_id}/refunds"):
            keys = {
                str(meta.get("value")) for meta in refund.get("meta_data") or () if meta.get("key") == OUR_KEY
            }
            if request.key in keys or unsigned(refund.get("reason"))[1] == request.key:
                return RemoteRefund(str(refund["id"]), abs(number(refund.get("amount"), "amount")))
        return None

    def issue_refund(self, request: RefundRequest) -> RemoteRefund:
        """Never restocks (``api_restock`` is always false). Moves the money too, where the gateway can.

        Shipping is given back on the order's shipping lines, fees on its fee lines; what none of these holds (a
        rounding) is in the amount alone. Raises ``Rejected`` with WooCommerce's reason.
        """
        order = self._order(request.external_order_id)
        # A second look, since the first may have been answered from a copy that was a moment behind.
        found = self.find_refund(request)
        if found is not None:
            return found
        by_gateway = self.account.options.get("api_refund", order.get("payment_method", "") not in OFFLINE)
        sold = {str(row["id"]): row for row in order.get("line_items") or ()}
        lines = []
        for line in request.lines:
            if line.external_line_id not in sold:
                raise Rejected("lines", "unknown_line", f"order has no line {line.external_line_id}")
            lines.append(_back(sold[line.external_line_id], line.quantity, line.net, line.tax))
        lines += _shipping_back(order.get("shipping_lines") or (), request.shipping, request.shipping_tax)
        if request.charges or request.charges_tax:
            lines += self._fees_back(order, request)
        body = {
            "amount": str(request.amount),
            "reason": signed(request.reason, request.key),
            "api_refund": bool(by_gateway),
            "api_restock": False,
            "meta_data": [{"key": OUR_KEY, "value": request.key}],
            "line_items": lines,
        }
        refund = self.send("POST", f"orders/{request.external_order_id}/refunds", body).json()
        return RemoteRefund(str(refund["id"]), abs(number(refund.get("amount"), "amount")))

    def _fees_back(self, order: Mapping[str, Any], request: RefundRequest) -> list[dict[str, Any]]:
        """What is named goes on its own fee line; the rest fills what is left of them, one after the other. Those
        below zero are discounts."""
        given: dict[str, list[Decimal]] = {}
        for refund in self.every(f"orders/{order['id']}/refunds"):
            for row in refund.get("fee_lines") or ():
                back = given.setdefault(refunded_item(row), [Decimal(0), Decimal(0)])
                back[0] += abs(number(row.get("total"), "refunds.fee_lines.total"))
                back[1] += abs(number(row.get("total_tax"), "refunds.fee_lines.total_tax"))
        rows = []
        net, tax = request.charges, request.charges_tax
        named = {one.external_id: one for one in request.named_charges}
        for row in order.get("fee_lines") or ():
            before, before_tax = given.get(str(row["id"]), (0, 0))
            left = max(Decimal(0), number(row.get("total"), "fee_lines.total") - before)
            left_tax = max(Decimal(0), number(row.get("total_tax"), "fee_lines.total_tax") - before_tax)
            one = named.get(str(row["id"]))
            own, own_tax = (min(one.net, left), min(one.tax, left_tax)) if one else (Decimal(0), Decimal(0))
            net, tax = net - own, tax - own_tax
            rows.append((row, own, own_tax, left - own, left_tax - own_tax))
        lines = []
        for row, own, own_tax, left, left_tax in rows:
            some, some_tax = min(net, left), min(tax, left_tax)
            if own + some or own_tax + some_tax:
                lines.append(_back(row, 0, own + some, own_tax + some_tax))
            net, tax = net - some, tax - some_tax
        return lines

    def find_cancel(self, request: CancelRequest) -> bool:
        answer = self.get(f"orders/{request.external_order_id}", missing_ok=True)
        return answer.status == 404 or answer.json().get("status") in CALLED_OFF

    def cancel_order(self, request: CancelRequest) -> None:
        """WooCommerce puts the pieces back into *its* stock when an order is cancelled, and cannot be told
        not to. Our next stock push sets its figure right again: it is absolute and from our own books."""
        if not self.find_cancel(request):
            self.send("PUT", f"orders/{request.external_order_id}", {"status": "cancelled"})

    def _order(self, order_id: str) -> dict[str, Any]:
        answer = self.get(f"orders/{order_id}", missing_ok=True)
        if answer.status == 404:
            raise Rejected("order", "not_found", f"order {order_id} is gone at the shop")
        return answer.json()

    def _note(self, notice: ShipmentNotice, words: str, *, customer: bool) -> str:
        """The signed receipt's id; each note is written once, the one to the customer first."""
        path, notes = f"orders/{notice.external_order_id}/notes", self._notes(notice.external_order_id)
        for note in notes:
            if unsigned(note.get("note"))[1] == notice.key:
                return str(note["id"])
        standing = {unescape(str(note.get("note") or "")).strip() for note in notes}
        if customer and words not in standing:
            self.send("POST", path, {"note": words, "customer_note": True})
        receipt = {"note": signed(words, notice.key), "customer_note": False}
        return str(self.send("POST", path, receipt).json()["id"])

    def _notes(self, order_id: str) -> Sequence[Mapping[str, Any]]:
        answer = self.get(f"orders/{order_id}/notes", missing_ok=True)
        return [] if answer.status == 404 else answer.json()

    def _track(self, notice: ShipmentNotice) -> bool:
        """Through the plug-in; false where it is not installed or there is no number to tell."""
        if not notice.tracking_number:
            return False
        path = f"wc-shipment-tracking/v3/orders/{notice.external_order_id}/shipment-trackings"
        answer = self.get(path, missing_ok=True)
        if answer.status == 404:
            return False
        if all(row.get("tracking_number") != notice.tracking_number for row in answer.json()):
            tracking = {
                "custom_tracking_provider": notice.carrier,
                "custom_tracking_link": notice.tracking_url,
                "tracking_number": notice.tracking_number,
                "date_shipped": notice.shipped_at.date().isoformat(),
            }
            self.send("POST", path, tracking)
        return True


def _words(verb: str, notice: ShipmentNotice) -> str:
    carrier = f" with {notice.carrier}" if notice.carrier else ""
    tracking = f", tracking number {notice.tracking_number}" if notice.tracking_number else ""
    return f"{verb}{carrier}{tracking}. {notice.tracking_url}".strip()


def _back(sold: Mapping[str, Any], quantity: int, net: Decimal, tax: Decimal) -> dict[str, Any]:
    """One refunded line. Tax is given back rate by rate, in the proportion in which it was taken."""
    rates = [(rate["id"], number(rate.get("total"), "taxes.total")) for rate in sold.get("taxes") or ()]
    rates = [(rate, taken) for rate, taken in rates if taken]
    total, taken_all = net if rates else net + tax, sum((taken for _, taken in rates), Decimal(0))
    shares, left = [], tax
    for rate, taken in rates[:-1]:
        share = (tax * taken / taken_all).quantize(tax, ROUND_DOWN) if taken_all else Decimal(0)
        shares.append({"id": rate, "refund_total": str(share)})
        left -= share
    if rates:
        shares.append({"id": rates[-1][0], "refund_total": str(left)})
    return {"id": sold["id"], "quantity": quantity, "refund_total": str(total), "refund_tax": shares}


def _shipping_back(sold: Sequence[Mapping[str, Any]], net: Decimal, tax: Decimal) -> list[dict[str, Any]]:
    """Fills the shipping lines one after the other; what is more than they were goes on the last."""
    lines, net_left, tax_left = [], net, tax
    for row in sold:
        some, some_tax = net_left, tax_left
        if row is not sold[-1]:
            some = min(some, number(row.get("total"), "shipping_lines.total"))
            some_tax = min(some_tax, number(row.get("total_tax"), "shipping_lines.total_tax"))
        if some or some_tax:
            lines.append(_back(row, 0, some, some_tax))
        net_left, tax_left = net_left - some, tax_left - some_tax
    return lines
