"""Credentials encrypted at rest. The key lives in the environment, never in the database."""

from __future__ import annotations

import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from oms.core.errors import OmsError


class NoKey(OmsError):
    """OMS_FIELD_KEY is missing or is not the key these credentials were written with."""


def _box() -> MultiFernet:
    if not settings.FIELD_KEYS:
        raise NoKey("OMS_FIELD_KEY is not set, so credentials can be neither kept nor read")
    return MultiFernet([Fernet(key.encode()) for key in settings.FIELD_KEYS])


class Credentials(dict):
    """A dict of secrets that does not print them."""

    def __repr__(self) -> str:
        return f"Credentials({', '.join(sorted(self))})"

    __str__ = __repr__


class EncryptedJSONField(models.BinaryField):
    """A dict of strings, stored as a Fernet token. Reads as :class:`Credentials`."""

    description = _("credentials, encrypted")
    _pyi_private_get_type: Any
    _pyi_private_set_type: Any

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Credentials:
        if not value:
            return Credentials()
        try:
            return Credentials(json.loads(_box().decrypt(bytes(value))))
        except InvalidToken as error:
            raise NoKey("these credentials were written with another OMS_FIELD_KEY") from error

    def to_python(self, value: Any) -> Any:
        return Credentials(value or {})

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if not value:
            return super().get_db_prep_value(b"", connection, prepared)
        if isinstance(value, bytes | memoryview):
            return super().get_db_prep_value(value, connection, prepared)
        return super().get_db_prep_value(
            _box().encrypt(json.dumps(dict(value)).encode()), connection, prepared
        )

    def value_to_string(self, obj: Any) -> str:
        return ""
