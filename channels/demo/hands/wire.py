"""How hands reach a server: over a connection of its own for every deed."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter


class _OnceEach(HTTPAdapter):
    """A kept connection that the server closes for idleness at this very moment would look like a failure, and asking
    it to close does not help: not every server says that it will."""

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            return super().send(*args, **kwargs)
        finally:
            self.close()  # what is under way is closed when it has been read


def session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    for scheme in ("http://", "https://"):
        made.mount(scheme, _OnceEach())
    return made
