"""What we do to a Shopify order: tell its shipment, and what was sent in its place, give money back, cancel it.

``refundCreate`` has an idempotency key. The others have none: a shipment is known again by its tracking number
and its pieces, a replacement by its number, a cancel by the order itself.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from channels.adapters import shopify_queries as q
from channels.adapters.base import (
    CancelRequest,
    RefundRequest,
    RemoteRefund,
    ReplacementNotice,
    ShipmentNotice,
)
from channels.adapters.reading import signed, unsigned
from channels.adapters.shopify_details import Details
from channels.adapters.shopify_read import SHIPPED, STATUSES, gid, nodes, number_of
from channels.adapters.shopify_wire import refuse
from oms.core.errors import Rejected, Retry

CANCEL_REASONS = frozenset({"CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "STAFF", "OTHER"})
DUTY = gid("Duty", "")
JOB_POLLS = 20
JOB_PAUSE = 0.5  # seconds


class Effects(Details):
    def find_shipment(self, notice: ShipmentNotice) -> str | None:
        """A part that reached the shop is not the whole: ``None``, and ``confirm_shipment`` adds the rest."""
        ids, told = self._told(notice)
        return ids[0] if ids and not _wanted(notice) - told else None

    def confirm_shipment(self, notice: ShipmentNotice) -> str:
        """One fulfillment for each fulfillment order with some of the pieces; told once, not told again.

        Raises ``Rejected("lines", "not_fulfillable")``, with nothing told, when the shop's fulfillment orders
        do not ask for all of them (on hold, cancelled, or fulfilled by somebody else).
        """
        ids, told = self._told(notice)
        left = _wanted(notice) - told
        work: list[dict[str, Any]] = []
        for order in self.fulfillment_orders(gid("Order", notice.external_order_id)) if left else ():
            if "CREATE_FULFILLMENT" not in {one["action"] for one in order["supportedActions"]}:
                continue
            rows = []
            for row in nodes(order, "lineItems"):
                line = number_of(row["lineItem"]["id"])
                take = min(left[line], row["remainingQuantity"])
                if take > 0:
                    rows.append({"id": row["id"], "quantity": take})
                    left[line] -= take
            if rows:
                work.append({"fulfillmentOrderId": order["id"], "fulfillmentOrderLineItems": rows})
        if +left:
            what = ", ".join(f"{count} of line {line}" for line, count in (+left).items())
            raise Rejected("lines", "not_fulfillable", f"the shop does not ask for {what} (any more)")
        tracking = {"company": notice.carrier, "number": notice.tracking_number, "url": notice.tracking_url}
        for part in work:
            fulfillment = {
                "lineItemsByFulfillmentOrder": [part],
                "trackingInfo": {name: value for name, value in tracking.items() if value},
                "notifyCustomer": notice.notify_customer,
            }
            payload = self.change(q.FULFIL, "fulfillmentCreate", fulfillment=fulfillment)
            ids.append(number_of(payload["fulfillment"]["id"]))
        return ids[0]

    def find_replacement(self, notice: ReplacementNotice) -> str | None:
        """A fulfillment that is not told yet is not the whole: ``None``, and ``tell_replacement`` adds the rest."""
        known = self._known(notice)
        untold = [one for one in known if notice.parcel.tracking_number not in _numbers(one)]
        return number_of(known[0]["id"]) if known and not untold else None

    def tell_replacement(self, notice: ReplacementNotice) -> str:
        """The first parcel's fulfillment gets the numbers that stand now; those that are not ours are kept."""
        known = self._known(notice)
        if not known:
            raise Rejected("fulfillment", "not_found", f"the shop knows of no parcel {notice.first}".strip())
        ours = {notice.first, *notice.gone, *(one.number for one in notice.stands)}
        for one in known:
            if notice.parcel.tracking_number not in _numbers(one):
                kept = [info for info in one["trackingInfo"] if info["number"] and info["number"] not in ours]
                tracking = _tracking(
                    [(info["company"] or "", info["number"], info["url"] or "") for info in kept]
                    + [(each.carrier, each.number, each.url) for each in notice.stands]
                )
                self.change(
                    q.UPDATE_TRACKING, "fulfillmentTrackingInfoUpdate", id=one["id"], tracking=tracking,
                    notify=notice.parcel.notify_customer,
                )  # fmt: skip
        return number_of(known[0]["id"])

    def find_refund(self, request: RefundRequest) -> RemoteRefund | None:
        for refund in self.refunds(gid("Order", request.external_order_id)):
            if unsigned(refund.get("note"))[1] == request.key:
                return _remote(refund)
        return None

    def issue_refund(self, request: RefundRequest) -> RemoteRefund:
        """Never restocks. The money goes back along the payments it came by, oldest first.

        A duty given back whole goes by its name. ``refundCreate`` has none for an additional fee, and its
        description does not say what is left of a duty that went back in part: those are in the amount alone, and
        Shopify books them as a difference. That a duty's tax goes back with it no description says either: only a
        real shop can show whether Shopify books a difference there.

        Raises ``Rejected("amount", "more_than_captured")``, or Shopify's own refusal.
        """
        order = self.ask(q.TRANSACTIONS, id=gid("Order", request.external_order_id))["order"]
        if order is None:
            raise Rejected("order", "not_found", f"order {request.external_order_id} is gone at the shop")
        # A shipping refund goes by the shop's own habit: with its tax inside where prices have it inside.
        shipping = request.shipping + (request.shipping_tax if order["taxesIncluded"] else 0)
        order_gid = gid("Order", request.external_order_id)
        lines = [
            {
                "lineItemId": gid("LineItem", line.external_line_id),
                "quantity": line.quantity,
                "restockType": "NO_RESTOCK",
            }
            for line in request.lines
            if line.quantity
        ]
        asked: dict[str, Any] = {
            "orderId": order_gid,
            "currency": request.currency,
            "note": signed(request.reason, request.key),
            "notify": False,
            "refundLineItems": lines,
            "transactions": list(_money_back(request.amount, order["transactions"], order_gid)),
        }
        if shipping:
            asked["shipping"] = {"amount": str(shipping)}
        duties = [one for one in request.named_charges if one.whole and one.external_id.startswith(DUTY)]
        if duties:
            asked["refundDuties"] = [{"dutyId": one.external_id, "refundType": "FULL"} for one in duties]
        payload = self.change_once(q.CREATE_REFUND, "refundCreate", f"refund:{request.key}", input=asked)
        refuse(payload)
        return _remote(payload["refund"])

    def find_cancel(self, request: CancelRequest) -> bool:
        order = self.ask(q.CANCELLED, id=gid("Order", request.external_order_id))["order"]
        return order is None or order["cancelledAt"] is not None

    def cancel_order(self, request: CancelRequest) -> None:
        """Without restocking, without refunding (an authorisation is voided by Shopify) and without a mail.

        Shopify works it off as a job, which is waited for; one that takes long raises ``Retry``.
        """
        if self.find_cancel(request):
            return
        reason = request.reason.upper()
        payload = self.change(
            q.CANCEL,
            "orderCancel",
            orderId=gid("Order", request.external_order_id),
            reason=reason if reason in CANCEL_REASONS else "OTHER",
            refundMethod={"originalPaymentMethodsRefund": False},
            staffNote=signed(request.reason, request.key)[:255],
        )
        job = payload["job"]
        for _ in range(JOB_POLLS):
            if not job or job["done"]:
                break
            time.sleep(JOB_PAUSE)
            job = self.ask(q.JOB, id=job["id"])["job"]
        if not self.find_cancel(request):
            raise Retry(f"Shopify is still cancelling order {request.external_order_id}", after=10)

    def _known(self, notice: ReplacementNotice) -> list[dict[str, Any]]:
        """The fulfillments of the first parcel, whatever number they carry by now; by its pieces, where it had none."""
        numbers = {notice.first, *notice.gone, *(one.number for one in notice.stands)} - {""}
        known = []
        for one in self.fulfillments(gid("Order", notice.parcel.external_order_id)):
            bare = not notice.first and not _numbers(one) and _pieces(one) == _wanted(notice.parcel)
            if one["status"] in SHIPPED and (_numbers(one) & numbers or bare):
                known.append(one)
        return known

    def _told(self, notice: ShipmentNotice) -> tuple[list[str], Counter[str]]:
        """Fulfillments of this very parcel, and the pieces in them.

        Without a tracking number a parcel is known only by its pieces, exactly.
        """
        ids, told = [], Counter[str]()
        for one in self.fulfillments(gid("Order", notice.external_order_id)):
            numbers, pieces = _numbers(one), _pieces(one)
            same = (
                notice.tracking_number in numbers
                if notice.tracking_number
                else not numbers and pieces == _wanted(notice)
            )
            if same and one["status"] in SHIPPED:
                ids.append(number_of(one["id"]))
                told += pieces
        return ids, told


def _wanted(notice: ShipmentNotice) -> Counter[str]:
    wanted: Counter[str] = Counter()
    for line in notice.lines:
        wanted[line.external_line_id] += line.quantity
    return wanted


def _numbers(fulfillment: Mapping[str, Any]) -> set[str]:
    return {info["number"] for info in fulfillment["trackingInfo"] if info["number"]}


def _pieces(fulfillment: Mapping[str, Any]) -> Counter[str]:
    pieces: Counter[str] = Counter()
    for row in nodes(fulfillment, "fulfillmentLineItems"):
        pieces[number_of(row["lineItem"]["id"])] += row["quantity"]
    return pieces


def _tracking(parcels: list[tuple[str, str, str]]) -> dict[str, Any]:
    """(carrier, number, url) of each. Shopify has one carrier for all, and matches addresses by their place."""
    carriers, urls = {carrier for carrier, _, _ in parcels}, [url for _, _, url in parcels]
    asked: dict[str, Any] = {"numbers": [number for _, number, _ in parcels]}
    if len(carriers) == 1 and all(carriers):
        asked["company"] = carriers.pop()
    if all(urls):
        asked["urls"] = urls
    return asked


def _money_back(
    amount: Decimal, transactions: Iterable[Mapping[str, Any]], order_gid: str
) -> Iterable[dict[str, Any]]:
    """Shares ``amount`` over the captured payments, each up to what of it has not gone back yet."""
    captured, returned = {}, Counter[str]()
    for one in transactions:
        value = Decimal(one["amountSet"]["presentmentMoney"]["amount"])
        if one["kind"] in ("SALE", "CAPTURE") and one["status"] == "SUCCESS":
            captured[one["id"]] = (value, one["gateway"])
        elif (
            one["kind"] == "REFUND"
            and STATUSES.get(one["status"]) != "failed"
            and one.get("parentTransaction")
        ):
            returned[one["parentTransaction"]["id"]] += value  # type: ignore[assignment]
    for parent, (value, gateway) in captured.items():
        share = min(amount, value - returned[parent])
        if share > 0:
            yield {
                "amount": str(share),
                "gateway": gateway,
                "kind": "REFUND",
                "orderId": order_gid,
                "parentId": parent,
            }
            amount -= share
    if amount > 0:
        raise Rejected("amount", "more_than_captured", f"{amount} more than was paid and not yet given back")


def _remote(refund: Mapping[str, Any]) -> RemoteRefund:
    moved = [one for one in nodes(refund, "transactions") if one["kind"] == "REFUND"]
    states = {STATUSES.get(one["status"], "pending") for one in moved}
    status = next((state for state in ("failed", "pending") if state in states), "succeeded")
    amounts = (Decimal(one["amountSet"]["presentmentMoney"]["amount"]) for one in moved)
    return RemoteRefund(number_of(refund["id"]), sum(amounts, Decimal(0)), status)
