"""Channels and listings in the console."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels import connecting
from channels.actions.mark_listings import mark_listings
from channels.lifecycle import ListingState
from channels.models import ChannelAccount, Listing
from oms.core.actors import Actor
from oms.core.console import shown
from oms.core.console.base import ConsoleAdmin
from oms.core.console.filters import choose


def accounts() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in ChannelAccount.objects.values_list("pk", "name")]


@admin.register(ChannelAccount)
class ChannelAccountAdmin(ConsoleAdmin):
    keyset = "slug"
    list_display = ("name", "kind", "health", "last_contact_at", "last_order_at", "push_stock", "active")
    editable = ("name", "base_url", "options", "order_prefix", "locations", "buffer", "active", "push_stock",
                "orders_from", "tax_rounding", "tax_decimals")  # fmt: skip
    addable = ("name", "slug", "kind", "base_url", "order_prefix", "options")
    page_fields = ("slug", "kind", "base_url", "order_prefix", "buffer", "push_stock", "orders_from", "active",
                   "cursor", "last_contact_at", "last_order_at")  # fmt: skip
    wide_fields = ("options",)
    empty_words = _("No channel is connected yet.")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "kind":
            return forms.ChoiceField(
                label=gettext("kind"),
                choices=connecting.kinds(),
                help_text=gettext("Its keys are entered next."),
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else {"slug": ["name"]}

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """What may be sold there follows from these fields, so its levels are reckoned anew."""
        super().save_related(request, form, formsets, change)
        if {"locations", "buffer", "active", "push_stock"} & set(form.changed_data):
            listed = Listing.objects.filter(account=form.instance, item__isnull=False)
            mark_listings(set(listed.values_list("item_id", flat=True)), by=Actor.user(request.user))

    def badges(self, obj: ChannelAccount) -> list[Any]:
        return [self.health(obj)]

    def headline(self, request: HttpRequest, obj: ChannelAccount) -> list[tuple[str, Any]]:
        facts = [
            (gettext("Last heard from"), shown.when(obj.last_contact_at)),
            (gettext("Last order"), shown.when(obj.last_order_at)),
        ]
        if obj.failing_since:
            facts.append((gettext("Failing since"), shown.when(obj.failing_since)))
        if obj.last_error:
            facts.append((gettext("What it said"), obj.last_error))
        return facts

    @admin.display(description=_("health"))
    def health(self, obj: ChannelAccount) -> Any:
        if not obj.active:
            return shown.badge(gettext("switched off"), tone=shown.CALM)
        if obj.failing_since:
            return shown.badge(gettext("does not answer"), tone=shown.BAD)
        if obj.last_contact_at is None:
            return shown.badge(gettext("never heard from"), tone=shown.WARN)
        return shown.badge("well", tone=shown.GOOD)


@admin.register(Listing)
class ListingAdmin(ConsoleAdmin):
    keyset = "id"
    list_display = ("name", "account", "sku", "item", "state", "standing", "desired", "confirmed")
    list_select_related = ("account", "item")
    list_filter = (choose("account", accounts, _("channel")), choose("state", ListingState.choices, _("state")),
                   choose("health", Listing.Health.choices, _("stock there")))  # fmt: skip
    page_fields = ("account", "item", "sku", "barcode", "external_id", "external_product_id", "mapped_by", "tracked",
                   "seen_at")  # fmt: skip

    def title_of(self, obj: Listing) -> str:
        return obj.title or obj.sku or obj.external_id

    @admin.display(description=_("listing"))
    def name(self, obj: Listing) -> str:
        return (obj.title or obj.sku or obj.external_id)[:60]

    @admin.display(description=_("stock there"))
    def standing(self, obj: Listing) -> Any:
        tone = {"in_sync": shown.GOOD, "pending": shown.BUSY, "sent": shown.BUSY}.get(obj.health, shown.BAD)
        return shown.badge(obj.get_health_display(), tone=tone) if obj.state == "active" else shown.NOTHING
