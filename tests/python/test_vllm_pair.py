"""Prefix affinity as two vLLMs count it: a conversation that stays where it began finds more of it in the prefix cache.

VLLM_URL and VLLM_PAIR_URL are servers of one model (`make test-vllm VLLM_URL=… VLLM_PAIR_URL=…`), idle, with prefix caching on,
as it is by default."""

import json
import os
import re
import urllib.request
import uuid

import pytest
from harness import Router

URLS = [os.environ.get(name, "").rstrip("/").removesuffix("/v1") for name in ("VLLM_URL", "VLLM_PAIR_URL")]
CONVERSATIONS, TURNS, WORDS = 10, 4, 150

pytestmark = pytest.mark.skipif(not all(URLS), reason="no VLLM_PAIR_URL: one more vLLM of the same model is needed")


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.read().decode()


def counted(name: str) -> float:
    """The sum of a counter over both servers."""
    lines = [line for url in URLS for line in get(f"{url}/metrics").splitlines() if re.match(rf"{name}[{{ ]", line)]
    assert lines, f"no {name} in /metrics"
    return sum(float(line.split()[-1]) for line in lines)


def ask(router: Router, messages: list) -> str:
    body = {"model": "auto", "messages": messages, "max_tokens": 8, "temperature": 0, "seed": 7}
    request = urllib.request.Request(
        f"{router.url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())["choices"][0]["message"]["content"]


def hit_rate(folder, balance: str) -> float:
    """The share of prompt tokens that the prefix caches had, over conversations that take turns."""
    model = json.loads(get(f"{URLS[0]}/v1/models"))["data"][0]["id"]
    config = f"""
backends:
  - name: pair
    model: {json.dumps(model)}
    balance: {balance}
    peers: [{{url: "{URLS[0]}/v1"}}, {{url: "{URLS[1]}/v1"}}]
router: {{mode: "off"}}
"""
    folder.mkdir()
    with Router(folder, config) as router:
        before = [counted(f"vllm:prefix_cache_{what}_total") for what in ("hits", "queries")]
        conversations = [
            [{"role": "user", "content": " ".join(f"{uuid.uuid4().hex[:3]}" for _ in range(WORDS))}]
            for _ in range(CONVERSATIONS)
        ]
        for turn in range(TURNS):
            # One more in odd turns, so that taking turns is not by chance the same as staying.
            for messages in conversations + (conversations[:1] if turn % 2 else []):
                answer = ask(router, messages)
            for messages in conversations:
                messages += [{"role": "assistant", "content": answer[:40]}, {"role": "user", "content": f"And {turn}?"}]
        after = [counted(f"vllm:prefix_cache_{what}_total") for what in ("hits", "queries")]
    hits, queries = (late - early for late, early in zip(after, before, strict=True))
    return hits / queries


def test_a_conversation_finds_its_beginning_where_it_began(tmp_path):
    rates = {balance: hit_rate(tmp_path / balance, balance) for balance in ("least_loaded", "prefix_affinity")}
    print(f"share of prompt tokens found in the prefix caches: {rates}")
    assert rates["prefix_affinity"] > rates["least_loaded"] + 0.1, rates
