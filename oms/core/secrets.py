"""Credentials encrypted at rest. The key lives in the environment, never in the database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from oms.core.errors import Permanent


class NoKey(Permanent):
    """OMS_FIELD_KEY is missing or is not the key these credentials were written with."""

    def __init__(self, words: str):
        super().__init__("no_credentials", words)


def _box() -> MultiFernet:
    if not settings.FIELD_KEYS:
        raise NoKey("OMS_FIELD_KEY is not set, so credentials can be neither kept nor read")
    return MultiFernet([Fernet(key.encode()) for key in settings.FIELD_KEYS])


class Credentials(Mapping[str, str]):
    """Secrets that do not print themselves, decrypted when the first is looked up: a row can be read, shown and
    worked on where its keys cannot. Every look-up raises :class:`NoKey` then."""

    def __init__(self, known: Mapping[str, str] | None = None, *, sealed: bytes = b""):
        self.sealed = sealed
        self._known = None if sealed else dict(known or {})

    def _opened(self) -> dict[str, str]:
        if self._known is None:
            try:
                self._known = json.loads(_box().decrypt(self.sealed))
            except InvalidToken as error:
                raise NoKey("these credentials were written with another OMS_FIELD_KEY") from error
        return self._known

    def __getitem__(self, name: str) -> str:
        return self._opened()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._opened())

    def __len__(self) -> int:
        return len(self._opened())

    def __bool__(self) -> bool:
        return bool(self.sealed or self._known)

    def __repr__(self) -> str:
        return f"Credentials({'sealed' if self._known is None else ', '.join(sorted(self._known))})"

    __str__ = __repr__


def readable(credentials: Mapping[str, str] | None) -> dict[str, str]:
    """All of them; none where they cannot be decrypted."""
    try:
        return dict(credentials or {})
    except NoKey:
        return {}


class EncryptedJSONField(models.BinaryField):
    """A dict of strings, stored as a Fernet token. Reads as :class:`Credentials`."""

    description = _("credentials, encrypted")
    _pyi_private_get_type: Any
    _pyi_private_set_type: Any

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Credentials:
        return Credentials(sealed=bytes(value or b""))

    def to_python(self, value: Any) -> Any:
        return value if isinstance(value, Credentials) else Credentials(value or {})

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if not value:
            return super().get_db_prep_value(b"", connection, prepared)
        if isinstance(value, Credentials) and value.sealed:
            value = value.sealed  # nobody changed it, whether it can be read or not
        if isinstance(value, bytes | memoryview):
            return super().get_db_prep_value(value, connection, prepared)
        return super().get_db_prep_value(
            _box().encrypt(json.dumps(dict(value)).encode()), connection, prepared
        )

    def value_to_string(self, obj: Any) -> str:
        return ""
