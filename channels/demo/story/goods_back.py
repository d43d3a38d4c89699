"""A return's whole way: wished for at the shop, opened for the customer, received and inspected in the warehouse, paid,
closed."""

from __future__ import annotations

from collections.abc import Iterator

from channels.demo.shapes import SHOPIFY, Case
from channels.demo.story.books import parcels_told
from channels.demo.story.checks import paid_back
from channels.demo.story.stage import Row, Stage


def take_back(stage: Stage, case: Case, why: str, *, condition: str, faulty: bool = False) -> None:
    """As far as it can be done now: every step looks at how far the return is."""
    order = stage.order(case.orders[0])
    if order is None or order["fulfillment_status"] != "delivered":
        return
    facts = case.facts
    found = _return(stage, order["id"])
    if found is None:
        line = next(each for each in order["lines"] if each["item"] == facts["sku"])
        _wish(stage, case, order["number"], {"sku": line["sku"], "quantity": facts["quantity"], "note": why})
        stage.say(f"  {order['number']}: {facts['quantity']} × {line['title']} come back. {why}.")
        found = stage.program.post(
            "returns", order=order["id"], location=facts["place"], authorise=True, reason=why,
            lines=[{"line": line["id"], "quantity": facts["quantity"], "reason": why, "faulty": faulty}],
        )  # fmt: skip
    (part,) = found["lines"]
    if found["state"] == "authorised":
        found = stage.program.post(
            f"returns/{found['id']}/receive", location=facts["place"],
            lines=[{"line": part["id"], "quantity": facts["quantity"]}],
        )  # fmt: skip
        (part,) = found["lines"]
    if found["state"] == "received" and part["disposed"] < part["received"]:
        found = stage.program.post(
            f"returns/{found['id']}/inspect",
            findings=[
                {"line": part["id"], "quantity": facts["quantity"], "condition": condition,
                 "disposition": facts["disposition"], "note": why}
            ],
        )  # fmt: skip
        (part,) = found["lines"]
    if found["state"] == "received" and not order["refunds"]:
        stage.program.post(f"returns/{found['id']}/refund", reason=why)
    if found["state"] == "received" and _paid(stage, order["id"]):
        stage.program.post(f"returns/{found['id']}/close")


def _wish(stage: Stage, case: Case, number: str, line: Row) -> None:
    """The customer asks at the shop, which takes no wish for what it was not told is sent; a clerk reads it there."""
    if not _wished(stage, case):
        stage.until(f"the shop of {number} to know that it is sent", lambda: parcels_told(stage).get(number))
        planned = stage.plan.order(case.orders[0])
        stage.shop(planned.shop).act("request_return", order=planned.number, lines=[line])


def _wished(stage: Stage, case: Case) -> bool:
    """Does the shop know of the wish? Shopify keeps returns; at WooCommerce it is a meta value."""
    planned = stage.plan.order(case.orders[0])
    rows = stage.shop(planned.shop).records()["orders"]
    row = next((row for row in rows if str(row["number"]) == planned.number), None)
    if row is None:
        return False
    return bool(row["returns"] if planned.shop == SHOPIFY else row["meta"].get("_return_request"))


def _return(stage: Stage, order_id: int) -> Row | None:
    rows = list(stage.program.each("returns", order=order_id))
    return stage.program.get(f"returns/{rows[0]['id']}") if rows else None


def _paid(stage: Stage, order_id: int) -> bool:
    refunds = stage.program.get(f"orders/{order_id}")["refunds"]
    return bool(refunds) and all(refund["state"] == "succeeded" for refund in refunds)


def check_return(stage: Stage, case: Case) -> Iterator[str]:
    yield from paid_back(stage, case)
    if not _wished(stage, case):
        yield f"{case.title}: the shop knows of no wish to send it back"
    order = stage.order(case.orders[0])
    found = _return(stage, order["id"]) if order else None
    if found is None:
        yield f"{case.title}: there is no return"
    elif found["state"] != "closed":
        yield f"{case.title}: the return is {found['state']}"
