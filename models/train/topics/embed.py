"""Meanings of prompts by all-MiniLM-L6-v2 (mean pooling over at most 256 tokens, length one), kept on disk by the text's hash."""

from __future__ import annotations

import hashlib
import pathlib

import numpy as np

WIDTH = 384
TOKENS = 256


def key(text: str) -> str:
    """The name of a text in the store."""
    return hashlib.sha1(text.encode("utf-8", "replace")).hexdigest()


class Store:
    """Vectors by hash in files that are written once, so that a run that was stopped goes on where it was."""

    def __init__(self, folder: pathlib.Path, model: pathlib.Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.model, self.vectors = folder, model, {}
        for path in sorted(folder.glob("*[0-9a-f].npz")):
            with np.load(path) as held:
                self.vectors.update(zip(held["names"].tolist(), held["rows"]))

    def of(self, texts: list[str]) -> np.ndarray:
        """The vectors of texts, one a row; what is not kept yet is computed first."""
        missing = sorted({key(text): text for text in texts if key(text) not in self.vectors}.items(), key=lambda pair: (len(pair[1]), pair[0]))
        run = encoder(self.model) if missing else None
        for start in range(0, len(missing), 512):
            part = missing[start : start + 512]
            rows = np.concatenate([run([text for _, text in part[i : i + 32]]) for i in range(0, len(part), 32)])
            names = [name for name, _ in part]
            path = self.folder / f"{names[0]}.npz"
            np.savez(path.with_suffix(".part.npz"), names=np.array(names), rows=rows)
            path.with_suffix(".part.npz").rename(path)
            self.vectors.update(zip(names, rows))
            print(f"embedded {start + len(part)} of {len(missing)}", flush=True)
        return np.stack([self.vectors[key(text)] for text in texts]).astype(np.float32)


def encoder(folder: pathlib.Path):
    """A function from a list of texts to their vectors."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()

    def run(texts: list[str]) -> np.ndarray:
        batch = tokens(texts, padding=True, truncation=True, max_length=TOKENS, return_tensors="pt")
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            states = model(**batch).last_hidden_state.float()
        mask = batch["attention_mask"].unsqueeze(-1).float()
        mean = (states * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(mean, dim=1).numpy()

    return run
