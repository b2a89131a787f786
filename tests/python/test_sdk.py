"""The OpenAI Python SDK, as its users call it, against the real router in front of two simulated vLLM servers."""

import asyncio

import openai
import pytest
from harness import Router, Sim, answers, free_address

QWEN, DEEPSEEK = "Qwen/Qwen2.5-7B-Instruct", "deepseek-ai/DeepSeek-V3"
JOKE, SEGFAULT = "Tell me a joke about cats.", "Debug this segfault trace of my C program."

BACKENDS = """
backends:
  - {{name: fast-chat, url: "{fast}/v1", model: "Qwen/Qwen2.5-7B-Instruct"}}
  - {{name: heavy-reasoner, url: "{heavy}/v1", model: "deepseek-ai/DeepSeek-V3"}}
  - {{name: gone, url: "http://{nowhere}/v1", model: "gone-model"}}
router:
  routes:
    - {{name: chitchat, backend: fast-chat, samples: ["Hi, how are you?", "Tell me a joke.", "What is the weather?"]}}
    - {{name: complex-tasks, backend: heavy-reasoner, samples: ["Write a Python script.", "Debug this segfault trace."]}}
"""


@pytest.fixture(scope="module")
def backends(tmp_path_factory):
    """The config's backends and routes, with the two simulators up."""
    folder = tmp_path_factory.mktemp("sims")
    with Sim(folder, "fast", QWEN) as fast, Sim(folder, "heavy", DEEPSEEK) as heavy:
        for sim in fast, heavy:
            sim.wait_until("it is healthy", lambda sim=sim: answers(f"{sim.url}/health"))
        yield BACKENDS.format(fast=fast.url, heavy=heavy.url, nowhere=free_address())


@pytest.fixture(scope="module")
def router(backends, tmp_path_factory):
    with Router(tmp_path_factory.mktemp("router"), backends) as router:
        yield router


@pytest.fixture(scope="module")
def client(router):
    # Retries are off, so that each failure is seen as it is.
    with openai.OpenAI(base_url=router.url, api_key="unused", max_retries=0, timeout=30) as client:
        yield client


def ask(text):
    return [{"role": "user", "content": text}]


def dot(one, other):
    return sum(x * y for x, y in zip(one, other, strict=True))


def assert_openai_error(error, *keys_with_text):
    """The SDK found OpenAI's error object in the body, and its message says something of each of these."""
    assert {"message", "type", "code"} <= error.body.keys(), error.body
    for text in keys_with_text:
        assert text in error.body["message"]


@pytest.mark.parametrize("prompt, model", [(JOKE, QWEN), (SEGFAULT, DEEPSEEK)])
def test_a_chat_is_routed_by_its_prompt(client, prompt, model):
    answer = client.chat.completions.create(model="auto", messages=ask(prompt))
    assert answer.model == model
    assert answer.object == "chat.completion"
    [choice] = answer.choices
    assert choice.message.role == "assistant" and choice.message.content
    assert choice.finish_reason in ("stop", "length")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


@pytest.mark.parametrize("prompt, model", [(JOKE, QWEN), (SEGFAULT, DEEPSEEK)])
def test_a_streamed_chat_arrives_whole(client, prompt, model):
    stream = client.chat.completions.create(
        model="auto", messages=ask(prompt), stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = list(stream)
    assert {chunk.model for chunk in chunks} == {model}
    assert len({chunk.id for chunk in chunks}) == 1
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert "".join(choice.delta.content or "" for choice in choices)
    reasons = [choice.finish_reason for choice in choices]
    assert reasons[-1] in ("stop", "length") and set(reasons[:-1]) == {None}
    assert last.choices == [] and last.usage.completion_tokens > 0


def test_a_stream_that_is_left_early_leaves_the_client_usable(client):
    with client.chat.completions.create(model="auto", messages=ask(JOKE), stream=True) as stream:
        next(iter(stream))
    assert client.chat.completions.create(model="auto", messages=ask(JOKE)).choices


def test_text_completions_are_routed(client):
    answer = client.completions.create(model="auto", prompt=JOKE)
    assert answer.model == QWEN and answer.choices[0].text
    chunks = list(client.completions.create(model="auto", prompt=JOKE, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices)


def test_a_named_model_is_asked_directly(client):
    for name in DEEPSEEK, "heavy-reasoner":
        raw = client.chat.completions.with_raw_response.create(model=name, messages=ask(JOKE))
        assert raw.headers["x-pointsman-route"] == "direct"
        assert raw.parse().model == DEEPSEEK


@pytest.mark.parametrize("prompt, route, backend", [(JOKE, "chitchat", "fast-chat"), (SEGFAULT, "complex-tasks", "heavy-reasoner")])
def test_headers_tell_the_decision(client, prompt, route, backend):
    raw = client.chat.completions.with_raw_response.create(
        model="auto", messages=ask(prompt), extra_headers={"x-request-id": "from-the-client"}
    )
    assert raw.headers["x-pointsman-route"] == route
    assert raw.headers["x-pointsman-backend"] == backend
    assert raw.parse()._request_id == "from-the-client"


def test_models_lists_aliases_and_backends(client):
    listed = {model.id for model in client.models.list()}
    assert {"router-gateway", "auto", "MoM"} <= listed
    for names in {"fast-chat", QWEN}, {"heavy-reasoner", DEEPSEEK}:
        assert names & listed


@pytest.mark.parametrize("model", ["all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"])
def test_texts_are_embedded_by_the_listed_model(client, model):
    # The SDK asks for base64 unless it is told otherwise.
    answer = client.embeddings.create(model=model, input=[JOKE, "Tell me a funny story about a kitten.", SEGFAULT])
    assert answer.model in {listed.id for listed in client.models.list()}
    assert [entry.index for entry in answer.data] == [0, 1, 2]
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > 3
    joke, story, segfault = (entry.embedding for entry in answer.data)
    assert len(joke) == 384
    assert dot(joke, story) > dot(joke, segfault)
    [plain] = client.embeddings.create(model=model, input=JOKE, encoding_format="float").data
    assert dot(plain.embedding, joke) > 0.999


def test_what_cannot_be_embedded_is_a_bad_request(client):
    for wrong in {"dimensions": 128}, {"input": [1, 2, 3]}, {"input": ""}:
        with pytest.raises(openai.BadRequestError) as caught:
            client.embeddings.create(**{"model": "all-MiniLM-L6-v2", "input": JOKE} | wrong)
        assert_openai_error(caught.value, *wrong)
    with pytest.raises(openai.NotFoundError) as caught:
        client.embeddings.create(model="auto", input=JOKE)
    assert_openai_error(caught.value, "auto", "all-MiniLM-L6-v2")


def test_many_clients_at_once(router):
    async def ask_all():
        async with openai.AsyncOpenAI(base_url=router.url, api_key="unused", max_retries=0, timeout=30) as client:
            asked = (client.chat.completions.create(model="auto", messages=ask(prompt)) for prompt in [JOKE, SEGFAULT] * 10)
            return [answer.model for answer in await asyncio.gather(*asked)]

    assert asyncio.run(ask_all()) == [QWEN, DEEPSEEK] * 10


def test_an_unknown_model_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=ask(JOKE))
    assert_openai_error(caught.value, "no-such-model")


def test_messages_of_the_wrong_type_are_a_bad_request(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="auto", messages=ask(JOKE), extra_body={"messages": "a string"})
    assert_openai_error(caught.value, "messages")


def test_a_backend_without_peers_is_unavailable_and_named(client):
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="gone-model", messages=ask(JOKE))
    assert caught.value.status_code == 503
    assert "retry-after" in caught.value.response.headers
    assert_openai_error(caught.value, "gone")


def test_only_the_right_key_is_let_in(backends, tmp_path):
    auth = "auth: {keys: [{name: team, key_env: POINTSMAN_TEST_KEY}]}\n"
    with Router(tmp_path, auth + backends, env={"POINTSMAN_TEST_KEY": "right-key"}) as router:
        wrong = openai.OpenAI(base_url=router.url, api_key="wrong-key", max_retries=0, timeout=30)
        with pytest.raises(openai.AuthenticationError) as caught:
            wrong.chat.completions.create(model="auto", messages=ask(JOKE))
        assert_openai_error(caught.value)
        assert "wrong-key" not in str(caught.value)
        right = wrong.with_options(api_key="right-key")
        assert right.chat.completions.create(model="auto", messages=ask(JOKE)).choices
    assert "right-key" not in router.log.read_text()

# The semantic cache, as the SDK sees it.


@pytest.fixture(scope="module")
def caching(backends, tmp_path_factory):
    """A client of a router with a cache."""
    cache = "middleware: {sem_cache: {enabled: true}}\n"
    with Router(tmp_path_factory.mktemp("caching"), backends + cache) as router:
        with openai.OpenAI(base_url=router.url, api_key="unused", max_retries=0, timeout=30) as client:
            yield client


TOOL = {"type": "function", "function": {"name": "joke", "parameters": {"type": "object", "properties": {}}}}


@pytest.mark.parametrize("more", [{}, {"tools": [TOOL], "tool_choice": "required"}, {"n": 2}])
def test_a_hit_is_the_answer_again_streamed_or_not(caching, more):
    def whole():
        raw = caching.chat.completions.with_raw_response.create(model="auto", messages=ask(JOKE), **more)
        return raw.headers["x-pointsman-cache"], raw.parse()

    def streamed():
        with caching.chat.completions.stream(
            model="auto", messages=ask(JOKE), stream_options={"include_usage": True}, **more
        ) as stream:
            for _ in stream:
                pass
            return stream.get_final_completion()

    (first, fresh), (second, again), assembled = whole(), whole(), streamed()
    assert (first, second) == ("miss", "hit-exact")
    assert assembled.id not in (fresh.id, again.id)
    assert again.id != fresh.id
    for other in again, assembled:
        assert other.usage.model_dump(exclude_none=True) == fresh.usage.model_dump(exclude_none=True)
        for choice, expected in zip(other.choices, fresh.choices, strict=True):
            assert choice.message.content == expected.message.content
            assert choice.finish_reason == expected.finish_reason
            calls, wanted = choice.message.tool_calls or [], expected.message.tool_calls or []
            assert [(call.id, call.function.name, call.function.arguments) for call in calls] == [
                (call.id, call.function.name, call.function.arguments) for call in wanted
            ]
