"""The keys of a channel's account: typed in by a person, kept encrypted, never shown again."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from channels.models import ChannelAccount
from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line
from oms.core.secrets import readable


@transaction.atomic
def enter_keys(account_id: int, keys: Mapping[str, str], *, by: Actor) -> ChannelAccount:
    """Set the keys given; an empty one leaves what is there, except where that cannot be decrypted any more. The
    journal names them and no more."""
    account = ChannelAccount.objects.select_for_update().get(pk=account_id)
    given = {name: value.strip() for name, value in keys.items() if value.strip()}
    account.credentials = {**readable(account.credentials), **given}
    account.save(update_fields=["credentials"])
    words = f"New keys: {', '.join(sorted(given))}." if given else "No key was changed."
    journal.write([Line.of(account, "enter_keys", words)], by=by)
    return account
