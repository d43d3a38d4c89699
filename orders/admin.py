"""Orders in the console."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.console import shown
from oms.core.console.base import ConsoleAdmin
from oms.core.console.filters import choose
from oms.core.console.listing import distinct
from oms.core.console.strips import told_of
from oms.core.errors import Reason
from oms.core.personal import sees_people
from orders.actions.derive import counts
from orders.lifecycle import HoldState, OrderState, RefundState
from orders.models import Hold, Order, OrderChange, Refund
from orders.pages import file_page
from orders.querysets import reservations_of
from orders.rules.holds import HOLDS, OpenHold
from orders.rules.order_changes import hidden_side
from orders.rules.progress import ProgressFacts, Strip, steps

FULFILMENT = (
    "unfulfilled",
    "partly_shipped",
    "shipped",
    "partly_delivered",
    "delivered",
    "not_required",
    "cancelled",
)
PAYMENT = (
    "none",
    "authorised",
    "partly_paid",
    "paid",
    "overpaid",
    "partly_refunded",
    "refunded",
    "voided",
    "disputed",
)


@admin.register(Order)
class OrderAdmin(ConsoleAdmin):
    keyset = "-placed_at"
    list_display = ("number", "customer", "state", "paid", "sent", "amount", "placed_at", "due", "source")
    list_filter = (
        choose("state", OrderState.choices, _("state")),
        choose("fulfillment_status", lambda: [(s, shown.spoken(s)) for s in FULFILMENT], _("sent")),
        choose("payment_status", lambda: [(s, shown.spoken(s)) for s in PAYMENT], _("paid")),
        choose("source", lambda: [(s, s) for s in distinct("orders_order", "source")], _("channel")),
    )
    page_fields = ("source", "external_number", "external_id", "channel_status", "shipping_method", "tags_listed",
                   "received_at", "remote_updated_at", "shipped_at", "delivered_at", "closed_at", "risk")  # fmt: skip
    labels = {"source": _("channel"), "external_number": _("its number"), "external_id": _("its id"),
              "channel_status": _("the shop says"), "received_at": _("came here"), "remote_updated_at": _("changed at the shop"),
              "shipped_at": _("sent"), "delivered_at": _("arrived"), "closed_at": _("closed"), "placed_at": _("placed")}  # fmt: skip
    csv_fields = {"amount": ("total", "currency"), "due": ("due_at",)}
    empty_words = _("No orders here yet. They come by themselves as soon as a channel is connected.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("billing_address", "channel_facts", "note")

    def get_urls(self) -> list[Any]:
        file = self.admin_site.admin_view(file_page)
        return [path("files/<int:pk>/", file, name="orders_file"), *super().get_urls()]

    def page_queryset(self, request: HttpRequest) -> Any:
        return Order.objects.prefetch_related(
            "lines__item", "holds", "charges", "transactions", "refunds__lines", "changes", "notes", "files"
        )

    def badges(self, obj: Order) -> list[Any]:
        found = [shown.badge(obj.get_state_display(), obj.state), self.paid(obj), self.sent(obj)]
        if obj.return_status:
            found.append(
                shown.badge(
                    gettext("return %(spoken)s") % {"spoken": shown.spoken(obj.return_status)},
                    tone=shown.WARN,
                )
            )
        return found

    def headline(self, request: HttpRequest, obj: Order) -> list[tuple[str, Any]]:
        facts = [
            (gettext("Channel"), f"{obj.source} {obj.external_number}"),
            (gettext("Customer"), self.customer(obj)),
            (gettext("Total"), self.amount(obj)),
            (gettext("Placed"), shown.when(obj.placed_at)),
        ]
        if obj.due_at:
            facts.append((gettext("Due"), self.due(obj)))
        return facts

    def strip(self, request: HttpRequest, obj: Order) -> Strip:
        told = told_of("orders.order", obj)
        waiting = [r.created_at for r in reservations_of(obj) if r.state == "backordered"]
        facts = ProgressFacts(
            state=obj.state,
            placed_at=obj.placed_at,
            lines=[counts(line) for line in obj.lines.all()],
            holds=[
                OpenHold(h.type, Reason(h.data.get("code", h.type), h.words), h.placed_at, h.line_id, h.until)
                for h in obj.holds.all()
                if h.state == HoldState.ACTIVE
            ],
            obstacles=told.get("obstacles", ()),
            since=told.get("since"),
            backordered_since=min(waiting, default=None),
        )
        return steps(facts, timezone.now(), gettext)

    @admin.display(description=_("customer"))
    def customer(self, obj: Order) -> str:
        text = obj.customer_name or obj.email or gettext("no name")
        return text if sees_people(getattr(obj, "viewer", None)) else shown.hidden(text)

    @admin.display(description=_("paid"))
    def paid(self, obj: Order) -> Any:
        words = {"none": gettext("not paid")}.get(obj.payment_status, shown.spoken(obj.payment_status))
        return shown.badge(words, obj.payment_status)

    @admin.display(description=_("sent"))
    def sent(self, obj: Order) -> Any:
        words = {"unfulfilled": gettext("not sent"), "not_required": gettext("nothing to send")}
        status = obj.fulfillment_status
        return shown.badge(words.get(status, shown.spoken(status)), "" if status == "cancelled" else status)

    @admin.display(description=_("total"))
    def amount(self, obj: Order) -> Any:
        return shown.money(obj.total, obj.currency)

    @admin.display(description=_("due"))
    def due(self, obj: Order) -> Any:
        return shown.when_due(
            obj.due_at, done=bool(obj.shipped_at) or obj.state in ("completed", "cancelled")
        )

    @admin.display(description=_("tags"))
    def tags_listed(self, obj: Order) -> str:
        return ", ".join(map(str, obj.tags))

    @admin.display(description=_("risk"))
    def risk(self, obj: Order) -> str:
        if obj.risk_score is None:
            return gettext("not looked at yet")
        why = "; ".join(str(r.get("words", r)) if isinstance(r, dict) else str(r) for r in obj.risk_reasons)
        return f"{obj.risk_score}{': ' + why if why else ''}"


@admin.register(Refund)
class RefundAdmin(ConsoleAdmin):
    keyset = "-id"
    list_display = ("title", "order", "money", "state", "reason", "created_by", "created_at")
    list_select_related = ("order",)
    list_filter = (choose("state", RefundState.choices, _("state")),)
    csv_fields = {"money": ("amount", "currency")}
    page_fields = ("order", "money", "reason", "cause", "made_at_shop", "failure", "external_id", "created_by",
                   "created_at", "settled_at")  # fmt: skip

    @admin.display(description=_("refund"))
    def title(self, obj: Refund) -> str:
        return gettext("refund %(pk)s") % {"pk": obj.pk}

    @admin.display(description=_("amount"))
    def money(self, obj: Refund) -> str:
        return shown.money(obj.amount, obj.currency)


@admin.register(Hold)
class HoldAdmin(ConsoleAdmin):
    keyset = "-id"
    list_display = ("words", "order", "amount", "line", "state", "placed_at")
    list_select_related = ("order", "line")
    labels = {"words": _("why"), "placed_at": _("since")}
    csv_fields = {"amount": ("order.total", "order.currency")}
    list_filter = (choose("type", [(h.code, _(h.words)) for h in HOLDS.values()], _("kind")),
                   choose("state", HoldState.choices, _("state")))  # fmt: skip
    page_fields = ("order", "line", "what", "words", "blocked", "placed_by", "placed_at", "until", "ended_by",
                   "ended_at", "note")  # fmt: skip
    wide_fields = ("data",)

    @admin.display(description=_("total"))
    def amount(self, obj: Hold) -> str:
        return shown.money(obj.order.total, obj.order.currency)

    @admin.display(description=_("kind"))
    def what(self, obj: Hold) -> str:
        return gettext(HOLDS[obj.type].words) if obj.type in HOLDS else shown.spoken(obj.type)

    @admin.display(description=_("blocks"))
    def blocked(self, obj: Hold) -> str:
        return ", ".join(shown.spoken(step) for step in obj.blocks)


@admin.register(OrderChange)
class OrderChangeAdmin(ConsoleAdmin):
    keyset = "-id"
    spoken_fields = ("kind",)
    list_display = ("words", "order", "kind", "state", "proposed_at")
    list_select_related = ("order",)
    page_fields = ("order", "kind", "words", "proposed_at", "decided_by", "decided_at")
    wide_fields = ("ours", "theirs")

    def value(self, row: Any, name: str) -> tuple[Any, Any]:
        field, value = super().value(row, name)
        if name in self.wide_fields and not sees_people(getattr(row, "viewer", None)):
            return field, hidden_side(row.kind, value)
        return field, value
