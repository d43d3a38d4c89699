"""A twin, and the HTTP server around it.

The real protocol is all paths but ``/_twin/``. Under ``/_twin/`` is the control side,
which no real party has:

    GET    /_twin/health               {"ok", "name", "down", "webhooks_pending"}
    POST   /_twin/shopper/<verb>       JSON -> JSON; 422 {"error"} when refused
    GET    /_twin/records              the twin's own books
    GET    /_twin/faults               {"struck": {kind: {step: n}}, "rules": [...]}
    POST   /_twin/faults               {"rules": [...], "seed"?} replaces the rules
    DELETE /_twin/faults               no more faults; counts stay (?forget=1 clears them too)
    GET    /_twin/configure            the settings
    POST   /_twin/configure            changes some settings; 422 for an unknown one
    POST   /_twin/webhooks/flush       {"timeout"?} -> {"empty", "sent", "failed"}
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import socketserver
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from oms.twinkit.faults import Faults
from oms.twinkit.store import Store
from oms.twinkit.webhooks import Webhooks
from oms.twinkit.wire import Headers, Request, Response

__all__ = ["Headers", "Refused", "Request", "Response", "Running", "Twin", "main", "serve"]


class Refused(ValueError):
    """The shopper's side cannot do that; the words say why. Control side answers 422."""


class Twin:
    """One simulated outside party. Subclasses fill in the methods that raise or say little here.

    ``defaults`` are the settings it knows; ``config`` holds their values and survives restarts. ``down`` is
    ``True`` (connections are closed unanswered) or ``"maintenance"`` (503).
    """

    defaults: ClassVar[dict[str, Any]] = {}
    webhook_retries: ClassVar[tuple[float, ...]] = ()

    def __init__(
        self,
        store_path: str | Path = ":memory:",
        *,
        name: str = "twin",
        seed: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self.seed = seed
        self.clock = clock
        self.lock = threading.RLock()
        self.store = Store(store_path)
        self.faults = Faults(seed)
        self.config: dict[str, Any] = {
            "down": False,
            **self.defaults,
            **self.store.get("_twin", "config", {}),
        }
        self.webhooks = Webhooks(self)

    # --- what a twin is ----------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """The real protocol. Under the lock, in one transaction; an exception undoes it, answer 500."""
        raise NotImplementedError

    def step(self, request: Request) -> str:
        """The name of the operation, for fault rules and counts, such as ``orders.list``."""
        return f"{request.method} {request.path}"

    def is_read(self, request: Request) -> bool:
        """May this be answered from a moment ago?"""
        return request.method == "GET"

    def shopper(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        """The shopper's and merchant's own hands. Raises ``Refused``; ``LookupError``: no such verb."""
        raise LookupError(verb)

    def records(self) -> dict[str, Any]:
        """The twin's own books, for independent checks."""
        return {}

    def configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        unknown = set(changes) - set(self.config)
        if unknown:
            raise Refused(f"There is no setting {', '.join(sorted(unknown))}.")
        self.config.update(changes)
        self.store.put("_twin", "config", self.config)
        return self.config

    def fault_response(self, kind: str, request: Request, seconds: float) -> Response:
        """How this platform words ``error_429``, ``error_500_before``, ``error_500_after`` and ``down``."""
        if kind == "error_429":
            return Response(429, {"error": "Too Many Requests"}, {"Retry-After": f"{max(seconds, 0):.0f}"})
        if kind == "down":
            return Response(503, {"error": "Service Unavailable"}, {"Retry-After": "5"})
        return Response(500, {"error": "Internal Server Error"})

    def webhook_request(self, job: dict[str, Any]) -> tuple[str, dict[str, str], bytes] | None:
        """URL, headers and body of a queued delivery, made now; ``None`` when it need not go out any more."""
        return None

    def webhook_result(self, job: dict[str, Any], status: int | None) -> None:
        """Told after each try; ``status`` is ``None`` when nobody answered."""

    # --- what the kit does with it -----------------------------------------------------------------------

    def now(self) -> datetime:
        return self.clock()

    def answer(self, request: Request) -> tuple[Response | None, bool]:
        """The real protocol with faults. ``None`` closes the connection; ``True`` cuts the body off."""
        step = self.step(request)
        late = self.faults.draw(step, "delay")
        if late:
            self.faults.count("delay", step)
            time.sleep(late.seconds)
        if self.config["down"]:
            polite = self.config["down"] == "maintenance"
            return (self.fault_response("down", request, 0) if polite else None), False
        early = self.faults.draw(step, "drop", "error_429", "error_500_before")
        if early:
            self.faults.count(early.kind, step)
            return (
                None if early.kind == "drop" else self.fault_response(early.kind, request, early.seconds)
            ), False
        response = self._stale(step, request) or self._handled(request)
        if response.status < 400:
            kinds = ("error_500_after", "cut_body") if len(response.body) > 1 else ("error_500_after",)
            late_fault = self.faults.draw(step, *kinds)
            if late_fault:
                self.faults.count(late_fault.kind, step)
                if late_fault.kind == "cut_body":
                    return response, True
                return self.fault_response(late_fault.kind, request, late_fault.seconds), False
        return response, False

    def _stale(self, step: str, request: Request) -> Response | None:
        if not self.is_read(request):
            return None
        rule = self.faults.draw(step, "stale_read")
        if rule is None:
            return None
        with self.lock, self.store.as_of(rule.seconds) as differs:
            if differs:
                self.faults.count("stale_read", step)
                return self._guarded(request)
        self.faults.give_back(rule)
        return None

    def _handled(self, request: Request) -> Response:
        with self.lock:
            return self._guarded(request)

    def _guarded(self, request: Request) -> Response:
        try:
            with self.store.transaction():
                return self.handle(request)
        except Exception:
            traceback.print_exc()
            return self.fault_response("error_500_before", request, 0)

    def control(self, request: Request) -> Response:
        try:
            return self._control(request)
        except LookupError as error:
            return Response(404, {"error": f"No such thing here: {error}"})
        except (ValueError, TypeError) as error:
            return Response(422, {"error": str(error)})
        except Exception as error:
            traceback.print_exc()
            return Response(500, {"error": repr(error)})

    def _control(self, request: Request) -> Response:
        what = (request.method, request.path.removeprefix("/_twin/").strip("/"))
        if what == ("POST", "webhooks/flush"):
            args = request.json() if request.body else {}
            empty = self.webhooks.flush(float(args.get("timeout", 60)))
            return Response(200, {"empty": empty, "sent": self.webhooks.sent, "failed": self.webhooks.failed})
        with self.lock, self.store.transaction():
            if request.method == "POST" and what[1].startswith("shopper/"):
                args = request.json() if request.body else {}
                if not isinstance(args, dict):
                    raise Refused("A shopper's verb takes a JSON object.")
                return Response(200, self.shopper(what[1].removeprefix("shopper/"), args))
            match what:
                case ("GET", "health"):
                    return Response(
                        200,
                        {
                            "ok": True,
                            "name": self.name,
                            "down": self.config["down"],
                            "webhooks_pending": self.webhooks.pending(),
                        },
                    )
                case ("GET", "records"):
                    return Response(200, self.records())
                case ("POST", "faults"):
                    given = request.json()
                    self.faults.replace(given.get("rules", []), given.get("seed"))
                case ("DELETE", "faults"):
                    self.faults.clear()
                    if request.arg("forget"):
                        self.faults.forget()
                case ("GET", "faults"):
                    pass
                case ("POST", "configure"):
                    return Response(200, self.configure(request.json()))
                case ("GET", "configure"):
                    return Response(200, self.config)
                case _:
                    raise LookupError(request.path)
        return Response(200, {"struck": self.faults.counts(), "rules": self.faults.describe()})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120
    server: _Server

    def _serve(self) -> None:
        twin = self.server.twin
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        request = Request(self.command, self.path, dict(self.headers.items()), body)
        if request.path.startswith("/_twin/"):
            self._send(twin.control(request), False)
            return
        response, cut = twin.answer(request)
        if response is None:
            self.close_connection = True
            return
        self._send(response, cut)

    def _send(self, response: Response, cut: bool) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        bare = response.status in (204, 304)
        if not bare:
            self.send_header("Content-Length", str(len(response.body)))
        if cut:
            self.close_connection = True
        self.end_headers()
        if not bare and self.command != "HEAD":
            self.wfile.write(response.body[: len(response.body) // 2] if cut else response.body)
        # Written through a buffer, so head and body leave together.
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve

    def log_message(self, *_: Any) -> None:
        """A twin is quiet; its books tell what happened."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, twin: Twin, address: tuple[str, int]) -> None:
        self.twin = twin
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's: that one asks a name server for the host's full name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""

    def close_all(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class Running:
    """A twin being served. ``url`` has no slash at its end."""

    def __init__(self, twin: Twin, server: _Server) -> None:
        self.twin = twin
        self._server = server
        self.port: int = server.server_port
        self.url = f"http://{server.server_address[0]!s}:{self.port}"
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        twin.webhooks.start()

    def stop(self) -> None:
        """Close the port and every connection; the store is closed and can be opened again by another."""
        self._server.shutdown()
        self._server.server_close()
        self._server.close_all()
        self.twin.webhooks.stop()
        with self.twin.lock:
            self.twin.store.close()


def serve(twin: Twin, host: str = "127.0.0.1", port: int = 0) -> Running:
    """Serve in the background; port 0 takes a free one. Raises ``OSError`` when the port is taken."""
    return Running(twin, _Server(twin, (host, port)))


def main(kind: type[Twin], argv: Sequence[str] | None = None) -> int:
    """Serve in the foreground until SIGTERM or SIGINT, for a supervisor. Prints one line when ready."""
    parser = argparse.ArgumentParser(description=kind.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--store", default=":memory:")
    parser.add_argument("--name", default="twin")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--configure", default="{}", help="settings to change at start, as JSON")
    given = parser.parse_args(argv)
    twin = kind(given.store, name=given.name, seed=given.seed)
    changes = json.loads(given.configure)
    if changes:
        twin.configure(changes)
    done = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: done.set())
    running = serve(twin, given.host, given.port)
    print(f"{given.name} ready at {running.url}", flush=True)
    done.wait()
    running.stop()
    return 0
