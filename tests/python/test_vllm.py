"""What a client sees through the router is what vLLM says when asked directly, with any vLLM that one has.

VLLM_URL is its address (`make test-vllm VLLM_URL=http://host:port`); VLLM_API_KEY its key, where it wants one. The
server must be idle: the texts are compared at temperature 0, and the gauges of running requests are read."""

import http.client
import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from urllib.parse import urlsplit

import pytest
from harness import Router, wait_for

VLLM = os.environ["VLLM_URL"].rstrip("/").removesuffix("/v1")
KEY = os.environ.get("VLLM_API_KEY")
# `auto` is routed and its model's name rewritten; the served name passes through as it is.
PATHS = {
    "/chat/completions": {"messages": [{"role": "user", "content": "Count from one to ten, in words: “un, deux” 三 🚂"}]},
    "/completions": {"prompt": "One two three four"},
}
STEADY = {"max_tokens": 24, "temperature": 0, "seed": 7}


class Side:
    """One way to ask: `base` is the URL that ends in /v1, `model` the name to ask for."""

    def __init__(self, base: str, model: str, key: str | None = None):
        self.base, self.model = urlsplit(base), model
        self.headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})

    def connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self.base.scheme == "https" else http.client.HTTPConnection
        return kind(self.base.netloc, timeout=120)

    @contextmanager
    def send(self, path: str, body: dict) -> Iterator[http.client.HTTPConnection]:
        """A connection on which this was asked; leaving the block closes it, whatever has been read."""
        connection = self.connect()
        connection.connect()
        # Kept, as http.client lets go of it when the server says that it closes.
        sock = connection.sock
        try:
            connection.request("POST", self.base.path + path, json.dumps({"model": self.model} | body), self.headers)
            yield connection
        finally:
            # A response that was not read to its end would keep the connection open beneath http.client's own close.
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            connection.close()

    def get(self, path: str) -> str:
        connection = self.connect()
        try:
            connection.request("GET", self.base.path + path, headers=self.headers)
            response = connection.getresponse()
            assert response.status == 200, f"{path}: {response.status}"
            return response.read().decode()
        finally:
            connection.close()

    def ask(self, path: str, body: dict) -> tuple[int, str, dict]:
        """Status, content type and the body without what differs between any two answers."""
        with self.send(path, body) as connection:
            response = connection.getresponse()
            return response.status, response.headers["content-type"], comparable(json.loads(response.read()))

    def stream(self, path: str, body: dict) -> tuple[int, str, list]:
        """Status, content type and each event's data, in order, the last being "[DONE]"."""
        with self.send(path, {"stream": True} | body) as connection:
            response = connection.getresponse()
            events = response.read().decode().split("\n\n")
            assert events.pop() == "", "the stream ended within an event"
            data = [event.removeprefix("data: ") for event in events]
            parsed = [item if item == "[DONE]" else comparable(json.loads(item)) for item in data]
            return response.status, response.headers["content-type"], parsed


def get(path: str) -> str:
    """What vLLM itself says there."""
    return Side(VLLM, "", KEY).get(path)


def comparable(value):
    """Without ids, times, and what depends on vLLM's prefix cache."""
    if isinstance(value, dict):
        varying = {"id", "created", "cached_tokens", "prompt_tokens_details"}
        return {key: comparable(item) for key, item in value.items() if key not in varying}
    return [comparable(item) for item in value] if isinstance(value, list) else value


def shape(value):
    """The keys and types of an event, without its values."""
    if isinstance(value, dict):
        return tuple((key, shape(item)) for key, item in value.items())
    return [shape(item) for item in value] if isinstance(value, list) else type(value).__name__


def text_of(events: list) -> str:
    choices = [choice for event in events if event != "[DONE]" for choice in event["choices"]]
    return "".join(choice.get("text") or choice.get("delta", {}).get("content") or "" for choice in choices)


@pytest.fixture(scope="session")
def served() -> dict:
    """What vLLM lists of its first model."""
    return json.loads(get("/v1/models"))["data"][0]


@pytest.fixture(scope="session")
def direct(served) -> Side:
    return Side(f"{VLLM}/v1", served["id"], KEY)


@pytest.fixture(scope="session")
def router(served, tmp_path_factory):
    key = "\n    api_key_env: VLLM_API_KEY" if KEY else ""
    config = f"""
backends:
  - name: vllm
    url: "{VLLM}/v1"
    model: {json.dumps(served["id"])}{key}
router:
  routes:
    - {{name: all, backend: vllm, samples: ["Count from one to ten."]}}
"""
    with Router(tmp_path_factory.mktemp("router"), config) as router:
        yield router


@pytest.fixture(params=["named", "auto"])
def routed(request, router, served) -> Side:
    return Side(router.url, served["id"] if request.param == "named" else "auto")


@pytest.mark.parametrize("path", PATHS)
def test_json(direct, routed, path):
    answer = direct.ask(path, PATHS[path] | STEADY)
    assert answer[0] == 200
    assert routed.ask(path, PATHS[path] | STEADY) == answer


@pytest.mark.parametrize("usage", [False, True])
@pytest.mark.parametrize("path", PATHS)
def test_sse(direct, routed, path, usage):
    body = PATHS[path] | STEADY | ({"stream_options": {"include_usage": True}} if usage else {})
    status, content_type, wanted = direct.stream(path, body)
    assert status == 200 and wanted[-1] == "[DONE]"
    got_status, got_type, got = routed.stream(path, body)
    assert (got_status, got_type) == (status, content_type)

    # Under load vLLM puts several tokens into one event: the kinds of events in their order are fixed, their number is not.
    def kinds(events):
        return [kind for kind, _ in groupby(map(shape, events))]

    assert kinds(got) == kinds(wanted)
    assert text_of(got) == text_of(wanted)
    # The end with its reason, the usage where asked for, and [DONE].
    end = -3 if usage else -2
    last = [choice["finish_reason"] for choice in got[end]["choices"]]
    assert last == [choice["finish_reason"] for choice in wanted[end]["choices"]] != [None]
    assert got[end + 1 :] == wanted[end + 1 :]


def test_logprobs(direct, routed):
    # Only their shape: the last digits depend on what vLLM found in its prefix cache.
    body = PATHS["/chat/completions"] | STEADY | {"logprobs": True, "top_logprobs": 2}
    status, _, answer = direct.ask("/chat/completions", body)
    got_status, _, got = routed.ask("/chat/completions", body)
    assert got_status == status == 200
    assert shape(got) == shape(answer) and got["choices"][0]["logprobs"]["content"]


def test_an_unknown_model(direct, router):
    # The router refuses the name itself: a status and an error object as vLLM's, with its own words.
    body = PATHS["/chat/completions"] | {"model": "no-such-model"}
    status, content_type, answer = direct.ask("/chat/completions", body)
    got_status, got_type, got = Side(router.url, "").ask("/chat/completions", body)
    assert (got_status, got_type) == (status, content_type) == (404, "application/json")
    assert got["error"].keys() == answer["error"].keys()
    assert "no-such-model" in got["error"]["message"] and "no-such-model" in answer["error"]["message"]


def test_a_context_overflow(direct, routed, served):
    body = {"messages": [{"role": "user", "content": "word " * (2 * served["max_model_len"])}]}
    answer = direct.ask("/chat/completions", body)
    assert answer[0] == 400
    assert routed.ask("/chat/completions", body) == answer


@pytest.mark.parametrize(
    "bad", [{"temperature": -5}, {"top_p": 7}, {"max_tokens": "many"}, {"n": 0}, {"stream": "maybe"}, {"tools": "none"}]
)
def test_a_bad_parameter(direct, routed, bad):
    answer = direct.ask("/chat/completions", PATHS["/chat/completions"] | bad)
    assert answer[0] == 400
    assert routed.ask("/chat/completions", PATHS["/chat/completions"] | bad) == answer


def gauge(name: str, **labels: str) -> float:
    """The sum of a metric over its series with these labels."""
    lines = (line for line in get("/metrics").splitlines() if re.match(rf"{name}[{{ ]", line))
    picked = [line for line in lines if all(f'{key}="{value}"' in line for key, value in labels.items())]
    assert picked, f"no {name} with {labels} in /metrics"
    return sum(float(line.split()[-1]) for line in picked)


def running() -> float:
    return gauge("vllm:num_requests_running")


def finished() -> float:
    """Requests that ended by themselves; some versions count the aborted ones, others do not."""
    return gauge("vllm:request_success_total") - gauge("vllm:request_success_total", finished_reason="abort")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("through_router", [False, True])
def test_a_client_that_leaves_ends_the_work(direct, router, served, through_router, stream):
    side = Side(router.url, "auto") if through_router else direct
    assert running() == 0, "the vLLM is not idle"
    finished_before, generated_before = finished(), gauge("vllm:generation_tokens_total")
    # Long enough to be under way still when the client leaves.
    length = min(served["max_model_len"] // 2, 4096)
    body = {"stream": stream, "max_tokens": length, "ignore_eos": True}
    with side.send("/chat/completions", PATHS["/chat/completions"] | body) as connection:
        if stream:
            assert connection.getresponse().readline().startswith(b"data: ")
        wait_for("the request runs", lambda: running() == 1, 10)
    wait_for("the request runs no more", lambda: running() == 0, 10)
    assert finished() == finished_before, "it ran to its end instead of being aborted"
    assert gauge("vllm:generation_tokens_total") < generated_before + length
