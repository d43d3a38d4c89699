"""Read by which rule a shop rounds tax, so that each order that comes keeps it."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from channels.actions.connect import adapter_of
from channels.adapters.base import TaxRule
from channels.models import ChannelAccount
from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line

WORDS = {"line": "on each line", "order": "once on the whole order"}


def read_tax_rule(account: ChannelAccount) -> dict[str, int]:
    """Asked once a day and not with each order: a shop changes it hardly ever. What it will not tell leaves standing
    what it told before. Orders that are here keep the rule of their day. Raises ``Retry`` or ``Permanent``."""
    rule: TaxRule = adapter_of(account).tax_rule()
    if not rule.rounding:
        return {"told": 0, "changed": 0}
    with transaction.atomic():
        kept = ChannelAccount.objects.select_for_update().get(pk=account.pk)
        changed = (kept.tax_rounding, kept.tax_decimals) != (rule.rounding, rule.decimals)
        ChannelAccount.objects.filter(pk=kept.pk).update(
            tax_rounding=rule.rounding, tax_decimals=rule.decimals, tax_rule_at=timezone.now()
        )
        if changed:
            words = f"It rounds tax {WORDS[rule.rounding]}."
            journal.write([Line.of(kept, "read_tax_rule", words)], by=Actor.channel(account.slug))
    return {"told": 1, "changed": int(changed)}
