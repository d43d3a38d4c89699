"""How a carrier's account is doing: it answered, or it did not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models.functions import Coalesce
from django.utils import timezone

from fulfillment.models import CarrierAccount
from oms.core.errors import KEY_REASONS, Permanent, Retry


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


@contextmanager
def noting_carrier(account_id: int) -> Iterator[None]:
    """Around a call about one parcel. A no to the parcel is an answer: only silence and refused keys are the
    account's own trouble."""
    try:
        yield
    except Retry as error:
        carrier_failed(account_id, error)
        raise
    except Permanent as error:
        if error.reason in KEY_REASONS:
            carrier_failed(account_id, error)
        else:
            carrier_answered(account_id)
        raise
    carrier_answered(account_id)
