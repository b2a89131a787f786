"""Writes the trained parts as one safetensors file."""

from __future__ import annotations

import json
import math
import pathlib
import struct

import numpy as np
from features import BUCKETS

# The stack's features but for the rules.
COLUMNS = ["grams", "grams.near", "grams.near.rule", "head", "head.second", "ln_windows"]
NAMES = {"int8": "I8", "float16": "F16", "float32": "F32"}


def rounded(weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights in a byte each, and the scale that gives them back."""
    scale = max(float(np.abs(weights).max()), 1e-12) / 127
    return np.clip(np.round(weights / scale), -127, 127).astype(np.int8), scale


def write(path: pathlib.Path, whole, stack: np.ndarray, bias: float, families: list[str], thresholds: list) -> None:
    """The file: n-grams in a byte a weight, the head in half floats, the stack as it is."""
    (grams, gram_bias), head = whole
    words, word_scale = rounded(grams[:BUCKETS].numpy())
    chars, char_scale = rounded(grams[BUCKETS:].numpy())
    parts = {name: value.detach().numpy() for name, value in head.state_dict().items()}
    held = {
        "grams.bias": gram_bias.numpy().astype(np.float32),
        "grams.chars": chars,
        "grams.scale": np.array([word_scale, char_scale], np.float32),
        "grams.words": words,
        "head.hidden.bias": parts["hidden.bias"].astype(np.float32),
        # Training scales the windows so that their numbers are about one; the weights take that in.
        "head.hidden.weight": (parts["hidden.weight"] * math.sqrt(384) / 8).astype(np.float16),
        "head.output.bias": parts["output.bias"].astype(np.float32),
        "head.output.weight": parts["output.weight"].reshape(-1).astype(np.float32),
        "stack.bias": np.array([bias], np.float32),
        "stack.weight": stack.astype(np.float32),
    }
    features = [f"rule.{family}" for family in families] + COLUMNS
    about = {"encoder": "all-MiniLM-L6-v2", "form": "2", "stack.features": json.dumps(features), "thresholds": json.dumps(thresholds)}
    header, at = {"__metadata__": about}, 0
    for name, value in held.items():
        header[name] = {"dtype": NAMES[str(value.dtype)], "shape": list(value.shape), "data_offsets": [at, at + value.nbytes]}
        at += value.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(np.ascontiguousarray(value).tobytes() for value in held.values()))


def read(path: pathlib.Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors and what is told of them."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    about = header.pop("__metadata__")
    kinds = {short: np.dtype(name) for name, short in NAMES.items()}
    held = {}
    for name, entry in header.items():
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        held[name] = np.frombuffer(data[begin:end], kinds[entry["dtype"]]).reshape(entry["shape"])
    return held, about
