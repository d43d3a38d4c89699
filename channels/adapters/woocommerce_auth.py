"""How a client proves itself to WooCommerce: Basic over https, OAuth 1.0a over plain http.

Over http WooCommerce refuses Basic, since the secret would travel openly; it wants a one-legged OAuth 1.0a
signature (HMAC-SHA256, no token). The signature goes into the query, because some hosts strip the
``Authorization`` header. Each request is signed with a nonce of its own, so a retry is a new request.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth

from channels.adapters.base import Account
from oms.core.errors import Permanent


class OneLeggedOAuth(AuthBase):
    def __init__(self, key: str, secret: str):
        self._key, self._secret = key, secret

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        parts = urlsplit(str(request.url))
        oauth = {
            "oauth_consumer_key": self._key,
            "oauth_nonce": uuid.uuid4().hex,
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_timestamp": str(int(time.time())),
            "oauth_version": "1.0",
        }
        pairs = [*parse_qsl(parts.query, keep_blank_values=True), *oauth.items()]
        address = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        pairs.append(("oauth_signature", signature(str(request.method), address, pairs, self._secret)))
        request.url = urlunsplit(parts._replace(query=urlencode(pairs, quote_via=quote)))
        return request


def signature(method: str, address: str, pairs: list[tuple[str, str]], secret: str) -> str:
    """RFC 5849, 3.4: method, address and sorted parameters, each percent-encoded, under the secret."""
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
    parameters = "&".join(f"{name}={value}" for name, value in encoded)
    text = "&".join(quote(part, safe="~") for part in (method.upper(), address, parameters))
    digest = hmac.new(f"{quote(secret, safe='~')}&".encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def auth_for(account: Account) -> AuthBase:
    """Credentials: ``consumer_key`` and ``consumer_secret``, as the shop's admin shows them."""
    try:
        key, secret = account.credentials["consumer_key"], account.credentials["consumer_secret"]
    except KeyError as missing:
        raise Permanent("no_credentials", f"{account.slug}: {missing.args[0]} is not set") from None
    if urlsplit(account.base_url).scheme == "https":
        return HTTPBasicAuth(key, secret)
    return OneLeggedOAuth(key, secret)
