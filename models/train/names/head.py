"""The token head as its file holds it: written, read, applied."""

import json
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

import tags


class Head:
    def __init__(self, layers, hidden_weight, hidden_bias, output_weight, output_bias):
        self.layers = layers
        self.tensors = {"hidden.weight": hidden_weight.astype(np.float16), "hidden.bias": hidden_bias.astype(np.float32),
                        "output.weight": output_weight.astype(np.float32), "output.bias": output_bias.astype(np.float32)}

    def save(self, path, more=None):
        meta = {"encoder": "all-MiniLM-L6-v2", "layers": json.dumps(self.layers), "labels": json.dumps(tags.LABELS), "surface": "1", "form": "1"}
        save_file(self.tensors, path, metadata={**meta, **(more or {})})
        # The library writes the metadata in an order that differs from run to run, and the file's hash with it.
        data = Path(path).read_bytes()
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size])
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        Path(path).write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])

    @classmethod
    def load(cls, path):
        with safe_open(path, "np") as f:
            meta = f.metadata()
            return cls(json.loads(meta["layers"]), *(f.get_tensor(n) for n in ("hidden.weight", "hidden.bias", "output.weight", "output.bias")))

    def logp(self, states, surface, cached):
        """Log-probabilities; `states` is [pieces, cached layers, 384]."""
        x = np.concatenate([states[:, cached.index(l)].astype(np.float32) for l in self.layers] + [surface.astype(np.float32)], 1)
        t = self.tensors
        h = np.maximum(x @ t["hidden.weight"].astype(np.float32).T + t["hidden.bias"], 0)
        return tags.log_softmax(h @ t["output.weight"].T + t["output.bias"])
