"""The keys of an account at a shop or a carrier: typed in by a person, kept encrypted, never shown again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model

from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line
from oms.core.secrets import readable

AccountModel = TypeVar("AccountModel", bound=Model)


@transaction.atomic
def enter_keys(
    model: type[AccountModel], account_id: int, keys: Mapping[str, str], *, by: Actor
) -> AccountModel:
    """Set the keys given; an empty one leaves what is there, except where that cannot be decrypted any more. The
    journal names them and no more. ``model`` has ``credentials``."""
    account: Any = model._default_manager.select_for_update().get(pk=account_id)
    given = {name: value.strip() for name, value in keys.items() if value.strip()}
    account.credentials = {**readable(account.credentials), **given}
    account.save(update_fields=["credentials"])
    words = f"New keys: {', '.join(sorted(given))}." if given else "No key was changed."
    journal.write([Line.of(account, "enter_keys", words)], by=by)
    return account
