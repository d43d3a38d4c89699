"""The words of ``oms.core.console.shown`` for templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse

from oms.core.console import shown
from oms.core.personal import Veil
from oms.core.saying import say

register = template.Library()

register.filter("say", say)
register.filter("when", shown.when)
register.filter("exact", shown.exact)
register.filter("spoken", shown.spoken)
register.filter("pretty", shown.pretty)
register.filter("pieces", shown.pieces)


@register.filter
def money(amount: Any, currency: str) -> str:
    return shown.money(amount, currency)


@register.simple_tag
def badge(text: Any, code: str = "", tone: str = "") -> str:
    return shown.badge(str(text), code, tone)


@register.filter
def state(row: Any) -> str:
    """The state of a row as a badge."""
    return shown.badge(row.get_state_display(), row.state)


@register.filter
def page(row: Any) -> str:
    """The address of a row's page in the console, or empty where it has none."""
    try:
        return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    except (NoReverseMatch, AttributeError):
        return ""


@register.filter
def veil(text: Any, of: Any) -> Any:
    """What the page's reader may see of words that may name people; ``of`` is the page's ``veil``."""
    return of(text) if of else Veil()(text)


@register.filter
def named(row: Any) -> str:
    """What a row is called, for its reader."""
    veil = getattr(row, "veil", None)
    return veil(str(row)) if veil else str(row)


@register.filter
def key(mapping: Any, name: Any) -> Any:
    return mapping.get(name) if hasattr(mapping, "get") else None
