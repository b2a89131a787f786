"""Meanings of texts' windows by all-MiniLM-L6-v2 (mean pooling, length one), kept on disk by the text's hash.

The windows are the server's: 768 bytes one after another, whole words where one begins near. Training needs only a
few significant digits, so vectors are kept as half floats.
"""

from __future__ import annotations

import hashlib
import pathlib

import numpy as np

SEGMENT_BYTES = 768
NEAR_BYTES = 64
WIDTH = 384


def windows(text: str) -> list[str]:
    """`text` in windows of at most SEGMENT_BYTES bytes, cut before a word where one begins near the end."""
    data = text.encode("utf-8", "replace")
    at, found = 0, []
    while at < len(data):
        end = min(at + SEGMENT_BYTES, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        if end < len(data):
            space = max(data.rfind(b" ", end - NEAR_BYTES, end), data.rfind(b"\n", end - NEAR_BYTES, end))
            end = space + 1 if space > at else end
        piece = data[at:end].decode("utf-8", "ignore")
        if piece.strip():
            found.append(piece.strip())
        at = end
    return found


def key(text: str) -> str:
    """The name of a window in the store."""
    return hashlib.sha1(text.encode("utf-8", "replace")).hexdigest()


class Store:
    """Vectors by hash, in files that are written once: several runs may share a folder."""

    def __init__(self, folder: pathlib.Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.at, kept = folder, {}, []
        for path in sorted(folder.glob("*[0-9a-f].npz")):
            with np.load(path) as held:
                for name, row in zip(held["names"].tolist(), held["rows"]):
                    if name not in self.at:
                        self.at[name] = len(kept)
                        kept.append(row)
        self.rows = np.stack(kept) if kept else np.zeros((0, WIDTH), np.float16)

    def add(self, names: list[str], rows: np.ndarray) -> None:
        """Appends vectors, on disk too."""
        for i, name in enumerate(names):
            self.at[name] = len(self.rows) + i
        self.rows = np.concatenate([self.rows, rows.astype(np.float16)])
        path = self.folder / f"{names[0]}.npz"
        np.savez(path.with_suffix(".part.npz"), names=np.array(names), rows=rows.astype(np.float16))
        path.with_suffix(".part.npz").rename(path)

    def of(self, text: str) -> np.ndarray:
        """The vector of one window."""
        return self.rows[self.at[key(text)]].astype(np.float32)


def encoder(folder: pathlib.Path):
    """A function from a list of windows to their vectors."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()

    def run(texts: list[str]) -> np.ndarray:
        batch = tokens(texts, padding=True, truncation=True, max_length=256, return_tensors="pt")
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            states = model(**batch).last_hidden_state.float()
        mask = batch["attention_mask"].unsqueeze(-1).float()
        mean = (states * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(mean, dim=1).numpy()

    return run


def fill(store: Store, texts: list[str], model: pathlib.Path, batch: int = 64) -> None:
    """Brings the vectors of all windows in `texts` that are not kept yet into the store."""
    missing = {}
    for text in texts:
        for window in windows(text):
            name = key(window)
            if name not in store.at:
                missing[name] = window
    if not missing:
        return
    run = encoder(model)
    order = sorted(missing, key=lambda name: (len(missing[name]), name))
    pending_names, pending_rows = [], []
    for i in range(0, len(order), batch):
        names = order[i : i + batch]
        pending_names += names
        pending_rows.append(run([missing[name] for name in names]))
        if len(pending_names) >= 512 or i + batch >= len(order):
            store.add(pending_names, np.concatenate(pending_rows))
            pending_names, pending_rows = [], []
            print(f"embedded {i + len(names)} of {len(order)} windows", flush=True)
