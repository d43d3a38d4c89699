"""The kit under the twins: every fault does what its name says and is counted; the store keeps its word."""

from __future__ import annotations

import http.client
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import pytest
import requests

from oms.twinkit.server import Refused, Request, Response, Twin, serve
from oms.twinkit.store import Store


class Counter(Twin):
    """Counts up; tells its callback."""

    defaults = {"callback": ""}

    def step(self, request: Request) -> str:
        return "counter.read" if request.method == "GET" else "counter.add"

    def handle(self, request: Request) -> Response:
        if request.path == "/broken":
            self.store.put("counter", "value", 99)
            raise RuntimeError("on purpose")
        value = self.store.get("counter", "value", 0)
        if request.method == "POST":
            value += 1
            self.store.put("counter", "value", value)
            if self.config["callback"]:
                self.webhooks.enqueue("counted", value=value)
        return Response(200, {"value": value, "filler": "x" * 200})

    def shopper(self, verb: str, args: dict) -> dict:
        if verb == "refuse":
            raise Refused("not today")
        if verb == "set":
            self.store.put("counter", "value", args["value"])
            return {"value": args["value"]}
        raise LookupError(verb)

    def records(self) -> dict:
        return {"value": self.store.get("counter", "value", 0)}

    def webhook_request(self, job: dict) -> tuple[str, dict[str, str], bytes]:
        return self.config["callback"], {"X-Topic": job["topic"]}, json.dumps(job["value"]).encode()


@pytest.fixture
def twin(tmp_path):
    running = serve(Counter(tmp_path / "store.db", seed=1))
    yield running
    running.stop()


@pytest.fixture
def receiver():
    """A real listener; ``answers`` are the statuses it gives, then 200 for ever."""
    got: list[int] = []
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if answers else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.got, server.answers, server.url = got, answers, f"http://127.0.0.1:{server.server_port}/in"
    yield server
    server.shutdown()
    server.server_close()


def arm(twin, *rules, seed=7):
    answer = requests.post(twin.url + "/_twin/faults", json={"rules": list(rules), "seed": seed}, timeout=5)
    assert answer.status_code == 200, answer.text


def struck(twin):
    return requests.get(twin.url + "/_twin/faults", timeout=5).json()["struck"]


def value(twin):
    return requests.get(twin.url + "/_twin/records", timeout=5).json()["value"]


def add(twin):
    return requests.post(twin.url + "/add", timeout=5)


def test_drop_closes_the_connection_before_anything_happens(twin):
    arm(twin, {"kind": "drop", "step": "counter.add", "times": 1})
    with pytest.raises(requests.ConnectionError):
        add(twin)
    assert value(twin) == 0
    assert add(twin).json()["value"] == 1
    assert struck(twin) == {"drop": {"counter.add": 1}}


def test_delay_answers_late_and_lets_others_pass(twin):
    arm(twin, {"kind": "delay", "step": "counter.add", "seconds": 0.4, "times": 1})
    slow = threading.Thread(target=add, args=(twin,))
    slow.start()
    time.sleep(0.1)
    start = time.monotonic()
    requests.get(twin.url + "/read", timeout=5)
    assert time.monotonic() - start < 0.25
    slow.join()
    assert value(twin) == 1
    assert struck(twin) == {"delay": {"counter.add": 1}}


def test_429_says_when_to_come_again(twin):
    arm(twin, {"kind": "error_429", "seconds": 3, "times": 1})
    answer = add(twin)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert value(twin) == 0
    assert struck(twin) == {"error_429": {"counter.add": 1}}


@pytest.mark.parametrize(("kind", "applied"), [("error_500_before", 0), ("error_500_after", 1)])
def test_500_before_and_after_applying(twin, kind, applied):
    arm(twin, {"kind": kind, "times": 1})
    assert add(twin).status_code == 500
    assert value(twin) == applied
    assert struck(twin) == {kind: {"counter.add": 1}}


def test_cut_body_is_applied_and_shorter_than_it_said(twin):
    arm(twin, {"kind": "cut_body", "times": 1})
    parts = urlsplit(twin.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    connection.request("POST", "/add")
    answer = connection.getresponse()
    with pytest.raises(http.client.IncompleteRead) as cut:
        answer.read()
    assert 0 < len(cut.value.partial) < int(answer.headers["Content-Length"])
    assert value(twin) == 1
    assert struck(twin) == {"cut_body": {"counter.add": 1}}


def test_stale_read_tells_of_a_moment_ago_and_only_counts_when_it_differs(twin):
    arm(twin, {"kind": "stale_read", "seconds": 30, "times": 1})
    assert requests.get(twin.url + "/read", timeout=5).json()["value"] == 0
    assert struck(twin) == {}
    add(twin)
    assert requests.get(twin.url + "/read", timeout=5).json()["value"] == 0
    assert struck(twin) == {"stale_read": {"counter.read": 1}}
    assert requests.get(twin.url + "/read", timeout=5).json()["value"] == 1


def hook(twin, receiver, *rules):
    requests.post(
        twin.url + "/_twin/configure", json={"callback": receiver.url}, timeout=5
    ).raise_for_status()
    arm(twin, *rules)


def flush(twin):
    return requests.post(twin.url + "/_twin/webhooks/flush", timeout=30).json()


def test_duplicate_sends_again(twin, receiver):
    hook(twin, receiver, {"kind": "duplicate", "times": 1, "copies": 2})
    add(twin)
    assert flush(twin)["empty"]
    assert receiver.got == [1, 1, 1]
    assert struck(twin) == {"duplicate": {"webhook.counted": 1}}


def test_reorder_changes_places(twin, receiver):
    hook(twin, receiver, {"kind": "reorder", "times": 1})
    add(twin)
    add(twin)
    assert flush(twin)["empty"]
    assert receiver.got == [2, 1]
    assert struck(twin) == {"reorder": {"webhook.counted": 1}}


def test_a_lone_webhook_cannot_be_reordered_and_is_not_counted(twin, receiver):
    hook(twin, receiver, {"kind": "reorder", "times": 1})
    add(twin)
    deadline = time.monotonic() + 5
    while not receiver.got and time.monotonic() < deadline:
        time.sleep(0.02)
    assert receiver.got == [1]
    assert struck(twin) == {}


def test_webhook_drop_never_sends(twin, receiver):
    hook(twin, receiver, {"kind": "webhook_drop", "step": "webhook.counted", "times": 1})
    add(twin)
    add(twin)
    assert flush(twin)["empty"]
    assert receiver.got == [2]
    assert struck(twin) == {"webhook_drop": {"webhook.counted": 1}}


def test_webhook_delay_lets_the_next_one_first(twin, receiver):
    hook(twin, receiver, {"kind": "webhook_delay", "times": 1, "seconds": 0.6})
    add(twin)
    add(twin)
    deadline = time.monotonic() + 5
    while len(receiver.got) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert receiver.got == [2, 1]
    assert struck(twin) == {"webhook_delay": {"webhook.counted": 1}}


def test_webhook_is_tried_again_as_often_as_the_platform_does(twin, receiver):
    twin.twin.webhook_retries = (60.0, 60.0)
    hook(twin, receiver)
    receiver.answers[:] = [500, 503]
    add(twin)
    assert flush(twin) == {"empty": True, "sent": 1, "failed": 2}
    assert receiver.got == [1, 1, 1]


def test_a_named_job_waits_once_and_again_when_it_has_left(twin, receiver):
    hook(twin, receiver)
    webhooks = twin.twin.webhooks
    for start in (0, 10):
        with twin.twin.lock:
            for number in range(3):
                webhooks.enqueue("counted", once="one", value=start + number)
            webhooks.enqueue("counted", once="other", value=start + 5)
        flush(twin)
    assert receiver.got == [0, 5, 10, 15]


def test_webhooks_wait_over_a_restart(tmp_path, receiver):
    path = tmp_path / "kept.db"
    first = serve(Counter(path))
    hook(first, receiver)
    requests.post(first.url + "/_twin/configure", json={"down": True}, timeout=5)
    with pytest.raises(requests.ConnectionError):
        add(first)
    first.twin.config["down"] = False
    first.twin.webhooks.paused = True
    add(first)
    assert flush(first)["empty"] is False
    first.stop()
    second = serve(Counter(path))
    try:
        assert second.twin.config["down"] is True
        requests.post(second.url + "/_twin/configure", json={"down": False}, timeout=5)
        assert flush(second)["empty"]
        assert receiver.got == [1]
        assert value(second) == 1
    finally:
        second.stop()


def test_probability_is_seeded(twin):
    def run():
        arm(twin, {"kind": "error_500_before", "probability": 0.5}, seed=3)
        return [add(twin).status_code for _ in range(20)]

    first, second = run(), run()
    assert first == second
    assert 200 in first and 500 in first


def test_a_rule_for_one_step_leaves_others_alone(twin):
    arm(twin, {"kind": "error_500_before", "step": "counter.r*"})
    assert add(twin).status_code == 200
    assert requests.get(twin.url + "/read", timeout=5).status_code == 500
    requests.delete(twin.url + "/_twin/faults", timeout=5)
    assert requests.get(twin.url + "/read", timeout=5).status_code == 200
    assert struck(twin) == {"error_500_before": {"counter.read": 1}}


def test_control_refuses_what_it_does_not_know(twin):
    post = lambda path, body: requests.post(twin.url + "/_twin/" + path, json=body, timeout=5)  # noqa: E731
    assert post("faults", {"rules": [{"kind": "gremlin"}]}).status_code == 422
    assert post("configure", {"colour": "red"}).status_code == 422
    assert post("shopper/dance", {}).status_code == 404
    assert post("shopper/refuse", {}).json() == {"error": "not today"}
    assert post("shopper/set", {"value": 4}).json() == {"value": 4}
    assert requests.get(twin.url + "/_twin/health", timeout=5).json()["ok"] is True


def test_an_exception_undoes_what_the_request_wrote(twin, capsys):
    assert requests.post(twin.url + "/broken", timeout=5).status_code == 500
    assert value(twin) == 0


def test_stop_frees_the_port_and_hangs_up(tmp_path):
    running = serve(Counter())
    session = requests.Session()
    session.get(running.url + "/read", timeout=5)
    running.stop()
    with pytest.raises(requests.ConnectionError):
        session.get(running.url + "/read", timeout=5)
    serve(Counter(), port=running.port).stop()


def test_store_keeps_order_numbers_and_undoes(tmp_path):
    store = Store(tmp_path / "s.db")
    with store.transaction():
        for name in ("b", "a", "c"):
            store.put("names", name, {"name": name})
        store.put("names", "b", {"name": "B"})
    with pytest.raises(KeyError), store.transaction():
        store.put("names", "a", {"name": "lost"})
        store.delete("names", "c")
        store.next("number")
        raise KeyError
    store.close()
    store = Store(tmp_path / "s.db")
    assert [row["name"] for row in store.scan("names")] == ["B", "a", "c"]
    assert [store.next("number"), store.next("number")] == [1, 2]
    copy = store.get("names", "a")
    copy["name"] = "changed outside"
    assert store.get("names", "a") == {"name": "a"}
    store.close()


def test_an_inner_transaction_undoes_only_its_own_part(tmp_path):
    store = Store(tmp_path / "s.db")
    with store.transaction():
        store.put("names", "a", 1)
        with pytest.raises(KeyError), store.transaction():
            store.put("names", "a", 2)
            store.put("names", "b", 2)
            raise KeyError
        store.put("names", "c", 3)
    store.close()
    store = Store(tmp_path / "s.db")
    assert (store.keys("names"), store.all("names")) == (["a", "c"], [1, 3])
    store.close()


def test_store_remembers_the_past_and_refuses_to_write_it():
    store = Store()
    store.put("names", "a", 1)
    time.sleep(0.05)
    moment = time.monotonic()
    store.put("names", "a", 2)
    store.put("names", "b", 3)
    with store.as_of(time.monotonic() - moment) as differs:
        assert differs
        assert store.get("names", "a") == 1
        assert store.keys("names") == ["a"]
        with pytest.raises(RuntimeError):
            store.put("names", "a", 5)
    assert store.all("names") == [2, 3]
