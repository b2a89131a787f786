#!/usr/bin/env python3
"""What ONNX Runtime takes for one text on one thread, the encoder's weights being int8.

    onnx.py [TOKENS ...]        (by default 6 13 110 252)

Builds the ONNX graph from models/all-MiniLM-L6-v2, quantises it dynamically, checks its vectors against
tests/data/minilm_reference.json, and prints one line of JSON for each length: {"tokens": n, "p50_ms": x}. `tokens`
counts [CLS] and [SEP]. Two graphs are measured, as exported and with its attention fused by onnxruntime.transformers;
the lines are those of the faster one, and standard error has both.

Needs onnxruntime, onnx, numpy and tokenizers from PyPI, and exits with 3 where one of them is missing; the fused graph
needs sympy too, and is left out without it.
"""

import json
import logging
import math
import pathlib
import sys
import tempfile
import time

# Python looks for modules beside the script first, and would take this very file for the package `onnx`.
HERE = pathlib.Path(__file__).resolve().parent
sys.path = [entry for entry in sys.path if pathlib.Path(entry or ".").resolve() != HERE]

try:
    import numpy
    import onnx
    import onnxruntime
    import tokenizers
    from onnx import TensorProto, helper, numpy_helper
    from onnxruntime import quantization
except ImportError as error:
    print(f"onnx.py: {error}; it needs: pip install onnxruntime onnx numpy tokenizers", file=sys.stderr)
    raise SystemExit(3)

MODEL = HERE.parent / "models/all-MiniLM-L6-v2"
REFERENCE = HERE.parent / "tests/data/minilm_reference.json"
LENGTHS = [6, 13, 110, 252]
OPSET = 17  # the first with LayerNormalization
# What a reference text may have at most, and the cosine that its vector must have at least.
SHORT, LEAST_COSINE = 64, 0.97
WARM_UP, RUNS = 30, 300
# Words that are one token each, so that any length is made the same way.
WORDS = "the train to the north leaves the old station at noon and comes back with the mail before night falls"


class Graph:
    """An ONNX graph under construction; values are known by their names, which follow PyTorch's parameters."""

    def __init__(self, weights: dict[str, numpy.ndarray]):
        self.weights, self.nodes, self.constants = weights, [], {}

    def constant(self, value, name: str | None = None) -> str:
        name = name or f"constant_{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(numpy.asarray(value), name)
        return name

    def weight(self, name: str) -> str:
        return self.constant(self.weights[name], name)

    def node(self, kind: str, *inputs: str, **attributes) -> str:
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def linear(self, x: str, layer: str) -> str:
        # PyTorch keeps [out, in], ONNX multiplies by [in, out].
        transposed = self.constant(numpy.ascontiguousarray(self.weights[layer + ".weight"].T), layer + ".weight")
        return self.node("Add", self.node("MatMul", x, transposed), self.weight(layer + ".bias"))

    def layer_norm(self, x: str, layer: str, epsilon: float) -> str:
        scale, bias = self.weight(layer + ".weight"), self.weight(layer + ".bias")
        return self.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=epsilon)

    def model(self, output: str, width: int) -> onnx.ModelProto:
        ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])
        vector = helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, width])
        graph = helper.make_graph(self.nodes, "bert", [ids], [vector], list(self.constants.values()))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


def read_safetensors(path: pathlib.Path) -> dict[str, numpy.ndarray]:
    """Reads f16 tensors as f32; the format is an 8-byte length, a JSON header and the raw little-endian data."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            halves = numpy.frombuffer(data[start + begin : start + end], "<f2")
            tensors[name] = halves.reshape(entry["shape"]).astype(numpy.float32)
    return tensors


def embeddings(graph: Graph, config: dict) -> str:
    """Words, their positions and the text's type (always 0), summed and normalised: [1, tokens, width]."""
    words = graph.node("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids")
    positions = graph.weights["embeddings.position_embeddings.weight"]
    table = graph.constant(positions + graph.weights["embeddings.token_type_embeddings.weight"][0], "positions")
    count = graph.node("Gather", graph.node("Shape", "input_ids"), graph.constant([1]))
    places = graph.node("Slice", table, graph.constant([0]), count)
    return graph.layer_norm(graph.node("Add", words, places), "embeddings.LayerNorm", config["layer_norm_eps"])


def attention(graph: Graph, x: str, prefix: str, config: dict) -> str:
    """Self-attention without a mask, as one text has no padding; the nodes are in the order that fusion looks for."""
    heads, width = config["num_attention_heads"], config["hidden_size"]
    each = width // heads

    def per_head(part: str, order: list[int]) -> str:
        projected = graph.linear(x, f"{prefix}.self.{part}")
        split = graph.node("Reshape", projected, graph.constant([0, 0, heads, each]))
        return graph.node("Transpose", split, perm=order)

    query, key, value = per_head("query", [0, 2, 1, 3]), per_head("key", [0, 2, 3, 1]), per_head("value", [0, 2, 1, 3])
    root = graph.constant(numpy.float32(math.sqrt(each)))
    weights = graph.node("Softmax", graph.node("Div", graph.node("MatMul", query, key), root), axis=-1)
    mixed = graph.node("Transpose", graph.node("MatMul", weights, value), perm=[0, 2, 1, 3])
    joined = graph.node("Reshape", mixed, graph.constant([0, 0, width]))
    return graph.linear(joined, prefix + ".output.dense")


def gelu(graph: Graph, x: str) -> str:
    scaled = graph.node("Div", x, graph.constant(numpy.float32(math.sqrt(2))))
    shifted = graph.node("Add", graph.node("Erf", scaled), graph.constant(numpy.float32(1)))
    return graph.node("Mul", graph.node("Mul", x, shifted), graph.constant(numpy.float32(0.5)))


def encoder(config: dict, weights: dict[str, numpy.ndarray]) -> onnx.ModelProto:
    """The whole encoder: token ids [1, tokens] to a vector [1, width] of length one."""
    graph, epsilon = Graph(weights), config["layer_norm_eps"]
    x = embeddings(graph, config)
    for index in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{index}"
        attended = graph.node("Add", attention(graph, x, layer + ".attention", config), x)
        x = graph.layer_norm(attended, layer + ".attention.output.LayerNorm", epsilon)
        inner = gelu(graph, graph.linear(x, layer + ".intermediate.dense"))
        fed = graph.node("Add", graph.linear(inner, layer + ".output.dense"), x)
        x = graph.layer_norm(fed, layer + ".output.LayerNorm", epsilon)
    mean = graph.node("ReduceMean", x, axes=[1], keepdims=0)
    return graph.model(graph.node("LpNormalization", mean, axis=1, p=2), config["hidden_size"])


def fuse(path: pathlib.Path, out: pathlib.Path, config: dict) -> bool:
    """Fuses attention, layer norms and GELU; false where the optimiser, or the sympy that it needs, isn't there."""
    heads, width = config["num_attention_heads"], config["hidden_size"]
    try:
        from onnxruntime.transformers import optimizer
        from onnxruntime.transformers.fusion_options import FusionOptions

        options = FusionOptions("bert")
        # What measured fastest: biases stay with the int8 products, which add them at less cost; GELU by tanh.
        options.enable_bias_gelu = options.enable_bias_skip_layer_norm = False
        options.enable_gelu_approximation = True
        fused = optimizer.optimize_model(
            str(path), model_type="bert", num_heads=heads, hidden_size=width, opt_level=0, optimization_options=options
        )
    except ImportError as error:
        print(f"onnx.py: attention is not fused: {error}", file=sys.stderr)
        return False
    found = fused.get_fused_operator_statistics()
    if found.get("Attention") != config["num_hidden_layers"]:
        raise SystemExit(f"onnx.py: the optimiser did not fuse all attention: {found}")
    fused.save_model_to_file(str(out))
    return True


def session(path: pathlib.Path, folder: pathlib.Path) -> onnxruntime.InferenceSession:
    """The int8 model on one thread: weights per output channel, activations as they come, all optimisations on."""
    quantised = folder / f"int8-{path.name}"
    quantization.quantize_dynamic(
        path,
        quantised,
        op_types_to_quantize=["MatMul", "Attention"],
        per_channel=True,
        weight_type=quantization.QuantType.QInt8,
        # Shape inference does not see through fused nodes; whatever they give is f32.
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(quantised, options, providers=["CPUExecutionProvider"])


def sessions(folder: pathlib.Path) -> dict[str, onnxruntime.InferenceSession]:
    config = json.loads((MODEL / "config.json").read_text())
    plain, fused = folder / "plain.onnx", folder / "fused.onnx"
    onnx.save(encoder(config, read_safetensors(MODEL / "model.safetensors")), plain)
    variants = {"as exported": session(plain, folder)}
    if fuse(plain, fused, config):
        variants["attention fused"] = session(fused, folder)
    return variants


def encode(session: onnxruntime.InferenceSession, ids: list[int]) -> numpy.ndarray:
    return session.run(None, {"input_ids": numpy.array([ids], numpy.int64)})[0][0]


def least_cosine(session: onnxruntime.InferenceSession, tokenizer: tokenizers.Tokenizer) -> float:
    """The least cosine between this session's vectors and the reference's, over the short texts."""
    cosines = []
    for case in json.loads(REFERENCE.read_text())["cases"]:
        if case["tokens"] <= SHORT and isinstance(case["text"], str):
            ids = tokenizer.encode(case["text"]).ids
            assert len(ids) == case["tokens"], case["name"]
            cosines.append(float(encode(session, ids) @ numpy.array(case["vector"], numpy.float32)))
    return min(cosines)


def text_of(tokens: int, tokenizer: tokenizers.Tokenizer) -> list[int]:
    """The ids of a text of so many tokens, [CLS] and [SEP] among them."""
    words = WORDS.split()
    ids = tokenizer.encode(" ".join(words[i % len(words)] for i in range(tokens - 2))).ids
    assert len(ids) == tokens, (len(ids), tokens)
    return ids


def p50_ms(session: onnxruntime.InferenceSession, ids: list[int]) -> float:
    feed = {"input_ids": numpy.array([ids], numpy.int64)}
    times = []
    for _ in range(WARM_UP + RUNS):
        start = time.perf_counter()
        session.run(None, feed)
        times.append(time.perf_counter() - start)
    return round(1000 * float(numpy.median(times[WARM_UP:])), 3)


def main() -> None:
    lengths = [int(argument) for argument in sys.argv[1:]] or LENGTHS
    logging.disable(logging.WARNING)  # quantize_dynamic advises on preparations that a graph built here needs not
    tokenizer = tokenizers.Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    with tempfile.TemporaryDirectory() as scratch:
        variants = sessions(pathlib.Path(scratch))
    figures = {}
    for name, candidate in variants.items():
        cosine = least_cosine(candidate, tokenizer)
        if cosine < LEAST_COSINE:
            raise SystemExit(f"onnx.py: {name}: a vector has cosine {cosine:.4f} to the reference")
        figures[name] = [p50_ms(candidate, text_of(length, tokenizer)) for length in lengths]
        measured = f"{name}: {figures[name]} ms, least cosine {cosine:.4f}"
        print(f"onnxruntime {onnxruntime.__version__}, {measured}", file=sys.stderr)
    for length, p50 in zip(lengths, min(figures.values(), key=sum)):
        print(json.dumps({"tokens": length, "p50_ms": p50}))


if __name__ == "__main__":
    main()
