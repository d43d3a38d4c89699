"""How a carrier's account is doing: it answered, or it did not."""

from __future__ import annotations

from django.db.models.functions import Coalesce
from django.utils import timezone

from fulfillment.models import CarrierAccount


def carrier_answered(account_id: int) -> None:
    CarrierAccount.objects.filter(pk=account_id).update(
        last_contact_at=timezone.now(), failing_since=None, last_error="", last_reason=""
    )


def carrier_failed(account_id: int, error: Exception) -> None:
    """Since when, and what it said; ``last_reason`` is the error's code where it has one."""
    CarrierAccount.objects.filter(pk=account_id).update(
        failing_since=Coalesce("failing_since", timezone.now()), last_error=str(error)[:300],
        last_reason=getattr(error, "reason", "")[:60],
    )  # fmt: skip
