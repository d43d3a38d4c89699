"""Typed, loud readers of the environment. A wrong value names itself, what it got and what it wants.

Every reader notes its name, so that a test can hold ``.env.example`` against what is really read.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

READ: dict[str, str] = {}


class BadSetting(SystemExit):
    """A setting that cannot be used; ends the program with one clear line."""


def _bad(name: str, got: str, wants: str) -> BadSetting:
    return BadSetting(f"The setting {name} is {got!r}, but it must be {wants}.")


def _raw(name: str, default: str | None, wants: str) -> str:
    READ[name] = "" if default is None else default
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise BadSetting(f"The setting {name} is missing. It must be {wants}.")
    return default


def text(name: str, default: str | None = None) -> str:
    return _raw(name, default, "some text")


def flag(name: str, default: bool = False) -> bool:
    value = _raw(name, "on" if default else "off", "on or off").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise _bad(name, value, "on or off")


def number(name: str, default: int, *, least: int | None = None, most: int | None = None) -> int:
    wants = "a whole number" + (f", at least {least}" if least is not None else "")
    wants += f", at most {most}" if most is not None else ""
    value = _raw(name, str(default), wants)
    try:
        result = int(value)
    except ValueError:
        raise _bad(name, value, wants) from None
    if (least is not None and result < least) or (most is not None and result > most):
        raise _bad(name, value, wants)
    return result


def choice(name: str, default: str, among: Sequence[str]) -> str:
    value = _raw(name, default, f"one of {', '.join(among)}")
    if value not in among:
        raise _bad(name, value, f"one of {', '.join(among)}")
    return value


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [
        part.strip() for part in _raw(name, default, "a list, separated by commas").split(",") if part.strip()
    ]


def secret(name: str, default: str | None = None) -> str:
    """A secret, or the content of the file that ``NAME_FILE`` names."""
    READ.setdefault(name, "" if default is None else "(a throw-away value)")
    file = os.environ.get(f"{name}_FILE", "").strip()
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadSetting(f"The file named by {name}_FILE cannot be read: {error.strerror}.") from None
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise BadSetting(f"The secret {name} is missing. Set {name}, or {name}_FILE to a file that holds it.")
    return default


def url(name: str, default: str | None, schemes: Sequence[str]) -> SplitResult:
    wants = f"a URL that begins with {' or '.join(s + '://' for s in schemes)}"
    value = _raw(name, default, wants)
    parts = urlsplit(value)
    if parts.scheme not in schemes:
        raise BadSetting(f"The setting {name} must be {wants}; it begins with {parts.scheme or 'nothing'!r}.")
    return parts


def database(name: str, default: str) -> dict[str, object]:
    """A Django DATABASES entry from ``postgres://user:password@host:port/name?host=/socket/folder``."""
    parts = url(name, default, ("postgres", "postgresql"))
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "oms",
        "USER": unquote(parts.username or query.pop("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or query.pop("port", "")),
        "OPTIONS": dict(query),
    }
