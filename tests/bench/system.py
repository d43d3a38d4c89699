"""The whole embedded system of `make run`: seconds until it answers, cold and warm, and its memory at rest and at
work (PSS: what it shares is counted once)."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from tests.bench.harness import say

BAR_MIB, READY_BAR = 600.0, 30.0
OURS = (
    ("postgres", "postgres"),
    ("valkey", "valkey"),
    ("gunicorn", "web"),
    ("oms.clock", "beat"),
    ("oms.worker", "worker"),
)


def embedded(dsn: str, rounds: int, *, idle: float, work: float) -> bool:
    """``idle``: seconds that it rests before it is looked at; ``work``: those of being read."""
    with tempfile.TemporaryDirectory(prefix="oms-bench-") as folder:
        cold = _up(Path(folder) / "var")
        warm = _up(Path(folder) / "var", (idle, work))
    rest, busy = warm["rest"], warm["work"]
    ok = say(
        "start", ours=warm["seconds"], cold=cold["seconds"], unit="s, warm", bar=READY_BAR, ok=warm["seconds"] <= READY_BAR,
        conditions="from the command to the first answer; migrations and static files in the cold one",
    )  # fmt: skip
    return ok & say(
        "memory", ours=sum(rest.values()), at_work=sum(busy.values()), parts=rest, unit="MiB (PSS)", bar=BAR_MIB,
        conditions=f"up and idle for {idle:.0f} s; at work: 8 readers of pages for {work:.0f} s", ok=sum(rest.values()) <= BAR_MIB,
    )  # fmt: skip


def _up(var: Path, looked_at: tuple[float, float] | None = None) -> dict:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "BROKER_URL", "OMS_TEST_BROKER_URL")
    }
    env |= {"OMS_DATA_DIR": str(var)}
    began = time.perf_counter()
    argv = [sys.executable, "-m", "oms.embedded", "run", "--port", str(port)]
    process = subprocess.Popen(
        argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - began > 300:
                raise AssertionError("the system did not come up")
            time.sleep(0.1)
        told: dict = {"seconds": time.perf_counter() - began}
        if looked_at:
            idle, work = looked_at
            time.sleep(idle)
            told["rest"] = _memory(process.pid)
            readers = [threading.Thread(target=_read, args=(port, work)) for _ in range(8)]
            for reader in readers:
                reader.start()
            time.sleep(0.8 * work)
            told["work"] = _memory(process.pid)
            for reader in readers:
                reader.join()
        return told
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)


def _answers(port: int, path: str = "/healthz") -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", path)
        return line.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def _read(port: int, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        _answers(port, "/admin/login/")


def _memory(root: int) -> dict[str, float]:
    """MiB by service, of all that descends from this process."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        pid, rest = int(text.split(" ", 1)[0]), text.rsplit(")", 1)[1].split()
        parents[pid] = int(rest[1])
    found: Counter[str] = Counter()
    for pid in parents:
        above, seen = pid, 0
        while above in parents and above != root and seen < 50:
            above, seen = parents[above], seen + 1
        if above != root:
            continue
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            pss = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
        except OSError:
            continue
        name = next((name for mark, name in OURS if mark in words), "supervisor")
        found[name] += int(pss[1]) / 1024 if pss else 0
    return {name: round(size, 1) for name, size in sorted(found.items())}
