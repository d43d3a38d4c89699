"""Who is calling: WooCommerce's API keys, by OAuth 1.0a over plain http or by Basic over TLS."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from channels.twins.woocommerce.wordpress import RestError
from oms.twinkit.server import Request

WINDOW = 15 * 60
NEEDED = (
    "oauth_consumer_key",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
)


class Gate:
    """Remembers used nonces for as long as their time stamps are good."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def authenticate(self, request: Request, config: Mapping[str, Any], home: str, now: int) -> bool:
        """Is it the key's owner? ``False`` for nobody at all. Raises ``RestError`` (401) for a bad try."""
        if is_tls(request, config):
            found = self._basic(request, config)
            if found:
                return True
        return self._oauth(request, config, home, now)

    def _basic(self, request: Request, config: Mapping[str, Any]) -> bool:
        key, secret = request.arg("consumer_key"), request.arg("consumer_secret")
        if not (key and secret):
            scheme, _, value = (request.headers.get("authorization") or "").partition(" ")
            if scheme.lower() != "basic":
                return False
            try:
                key, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return False
        if key != config["consumer_key"]:
            return False
        if not hmac.compare_digest(secret or "", config["consumer_secret"]):
            raise _unauthorised("Consumer secret is invalid.")
        return True

    def _oauth(self, request: Request, config: Mapping[str, Any], home: str, now: int) -> bool:
        params = _php_query(request.pairs)
        params.update(_from_header(request.headers.get("authorization") or ""))
        absent = [name for name in NEEDED if not params.get(name)]
        if len(absent) == len(NEEDED):
            return False
        if absent:
            noun = "parameter" if len(absent) == 1 else "parameters"
            raise _unauthorised(f"Missing OAuth {noun} {', '.join(absent)}")
        if params["oauth_consumer_key"] != config["consumer_key"]:
            raise _unauthorised("Consumer key is invalid.")
        signature = unquote(params.pop("oauth_signature").replace(" ", "+"))
        method = params["oauth_signature_method"]
        if method not in ("HMAC-SHA1", "HMAC-SHA256"):
            raise _unauthorised("Invalid signature - signature method is invalid.")
        pairs = [f"{_twice(name)}%3D{_twice(value)}" for name, value in sorted(params.items())]
        base = "&".join([request.method, quote(home + request.path, safe="~"), "%26".join(pairs)])
        algorithm = hashlib.sha1 if method == "HMAC-SHA1" else hashlib.sha256
        secret = f"{config['consumer_secret']}&"
        expected = base64.b64encode(hmac.new(secret.encode(), base.encode(), algorithm).digest()).decode()
        if not hmac.compare_digest(expected, signature):
            raise _unauthorised("Invalid signature - provided signature does not match.")
        self._spend(params["oauth_timestamp"], params["oauth_nonce"], now)
        return True

    def _spend(self, stamp: str, nonce: str, now: int) -> None:
        when = int(stamp) if stamp.isdigit() else 0
        if abs(now - when) > WINDOW:
            raise _unauthorised("Invalid timestamp.")
        if nonce in self._used:
            raise _unauthorised("Invalid nonce - nonce has already been used.")
        self._used[nonce] = when
        if len(self._used) > 5000:
            self._used = {used: at for used, at in self._used.items() if at >= now - WINDOW}


def is_tls(request: Request, config: Mapping[str, Any]) -> bool:
    """Behind a proxy that ends TLS, or told to believe so."""
    return bool(config["https"]) or request.headers.get("x-forwarded-proto") == "https"


def _twice(text: str) -> str:
    """Escaped for the list of parameters, and again for the signature base."""
    return quote(quote(unquote(text), safe="~"), safe="~")


def _unauthorised(words: str) -> RestError:
    return RestError("woocommerce_rest_authentication_error", words, 401)


def _php_query(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The query as PHP reads it: a repeated plain name keeps its last value, ``name[]`` gets numbers."""
    counts: dict[str, int] = {}
    params: dict[str, str] = {}
    for name, value in pairs:
        if name.endswith("[]"):
            place = counts.get(name, 0)
            counts[name] = place + 1
            params[f"{name[:-2]}[{place}]"] = value
        else:
            params[name] = value
    return params


def _from_header(header: str) -> dict[str, str]:
    if not header.strip().startswith("OAuth "):
        return {}
    return {
        name: unquote_plus(quoted or bare)
        for name, quoted, bare in re.findall(r'(oauth_[a-z_-]*)=(?:"([^"]*)"|([^,]*))', header)
    }
