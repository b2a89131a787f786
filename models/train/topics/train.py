"""Trains the heads `domain` and `intent` over the meaning of a prompt and writes them with their card.

    train.py --rows OUT/rows.jsonl --held OUT/held.jsonl --encoder PUBLISHED_MINILM --out OUT

A head is a perceptron of one hidden layer:
softmax((output.weight · gelu(hidden.weight · meaning + hidden.bias) + output.bias) / temperature), gelu by the error function.
MMLU-Pro's questions are not trained on; three tenths of them chose the settings and the temperature of `domain`, the rest is the test.
"""

from __future__ import annotations

import argparse
import collections
import json
import pathlib
import struct
import zlib

import numpy as np
import torch

import card
from embed import Store

HERE = pathlib.Path(__file__).parent
LABELS = {
    "domain": "biology,business,chemistry,computer science,economics,engineering,health,history,law,math,philosophy,physics,psychology,other".split(","),
    "intent": "math,coding,chat,other".split(","),
}
HIDDEN = 48
# Chosen on the tuning part (`domain`) and on the own set (`intent`), before the blind sets were written.
SETTINGS = {"domain": {"epochs": 12, "decay": 0.05}, "intent": {"epochs": 30, "decay": 0.2}}
DROPPED, SMOOTHED, RATE, BATCH, SEED = 0.3, 0.05, 2e-3, 256, 0
# Own seeds are few and stand for how users write; books are many, and no user writes like them.
WORTH = {
    "domain": {"seeds/domain.jsonl": 6.0, "book": 0.4, "book_anatomy_physiology": 0.15},
    "intent": {"seeds/intent.jsonl": 4.0, "book": 0.3, "mmlu": 0.3},
}
# `other` is where nothing else holds: a doubtful prompt should not fall there for the number of its rows.
HEAVY = {"intent": {"other": 0.5}}
# Inputs of about one: a unit vector of 384 has small parts. The written weights take it in.
SCALE = 10.0
FOLDS = 5
Head = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def weights(rows: list[dict], labels: np.ndarray, kind: str) -> np.ndarray:
    """A row's weight: its source's worth, then each label as heavy as another but for HEAVY; mean one."""
    known = WORTH[kind]
    worth = np.array([known.get(row["source"], known.get(row["source"].split("_")[0], 1.0)) for row in rows])
    totals = np.bincount(labels, weights=worth, minlength=len(LABELS[kind]))
    heavy = np.array([HEAVY.get(kind, {}).get(name, 1.0) for name in LABELS[kind]])
    worth = worth * (heavy * totals.mean() / totals)[labels]
    return worth / worth.mean()


def fit(x: np.ndarray, labels: np.ndarray, worth: np.ndarray, kind: str) -> Head:
    """A perceptron of one hidden layer: its two weights and biases. The seed and one thread make it the same each time."""
    torch.manual_seed(SEED)
    chance, count = torch.Generator().manual_seed(SEED), len(LABELS[kind])
    first, last = torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, count)
    model = torch.nn.Sequential(first, torch.nn.GELU(), torch.nn.Dropout(DROPPED), last)
    epochs = SETTINGS[kind]["epochs"]
    solver = torch.optim.AdamW(model.parameters(), RATE, weight_decay=SETTINGS[kind]["decay"])
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(solver, epochs * -(-len(labels) // BATCH))
    data, target, heavy = torch.tensor(x) * SCALE, torch.tensor(labels), torch.tensor(worth, dtype=torch.float32)
    for _ in range(epochs):
        for some in torch.randperm(len(labels), generator=chance).split(BATCH):
            solver.zero_grad()
            each = torch.nn.functional.cross_entropy(model(data[some]), target[some], reduction="none", label_smoothing=SMOOTHED)
            (each * heavy[some]).mean().backward()
            solver.step()
            slower.step()
    parts = [part.detach().numpy() for part in (first.weight, first.bias, last.weight, last.bias)]
    return (parts[0] * SCALE, *parts[1:])


def logits(head: Head, x: np.ndarray) -> np.ndarray:
    """What the head says before the softmax."""
    hidden = torch.nn.functional.gelu(torch.tensor(x @ head[0].T + head[1])).numpy()
    return hidden @ head[2].T + head[3]


def loss_at(temperature: float, scores: np.ndarray, labels: np.ndarray, worth: np.ndarray) -> float:
    """Weighted cross-entropy at a temperature."""
    scaled = scores / temperature
    scaled -= scaled.max(1, keepdims=True)
    logs = scaled - np.log(np.exp(scaled).sum(1, keepdims=True))
    return float(-(logs[np.arange(len(labels)), labels] * worth).sum() / worth.sum())


def temperature(scores: np.ndarray, labels: np.ndarray, worth: np.ndarray) -> float:
    """The best of a grid, two digits."""
    grid = np.round(np.geomspace(0.4, 4.0, 200), 3)
    return float(min(grid, key=lambda t: loss_at(t, scores.copy(), labels, worth)))


def fold(row: dict) -> int:
    """A group's fold."""
    return zlib.crc32(row["group"].encode()) % FOLDS


def tuning(record: dict) -> bool:
    """Whether a held question serves to choose settings."""
    return zlib.crc32(record["id"].encode()) % 10 < 3


def write(path: pathlib.Path, head: Head, about: dict[str, str]) -> None:
    """A safetensors file in half floats."""
    header, at, data = {"__metadata__": about}, 0, b""
    for name, value in (("hidden.weight", head[0]), ("hidden.bias", head[1]), ("output.weight", head[2]), ("output.bias", head[3])):
        held = np.ascontiguousarray(value.astype(np.float16))
        header[name] = {"dtype": "F16", "shape": list(held.shape), "data_offsets": [at, at + held.nbytes]}
        at, data = at + held.nbytes, data + held.tobytes()
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def read(path: pathlib.Path) -> list[dict]:
    """The records of a file with one on a line."""
    return [json.loads(line) for line in path.read_text().split("\n") if line] if path.exists() else []


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--rows", type=pathlib.Path, required=True)
    asked.add_argument("--held", type=pathlib.Path, required=True)
    asked.add_argument("--encoder", type=pathlib.Path, required=True)
    asked.add_argument("--vectors", type=pathlib.Path, default=pathlib.Path("vectors"))
    asked.add_argument("--out", type=pathlib.Path, required=True)
    given = asked.parse_args()
    torch.set_num_threads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    store, everything, held = Store(given.vectors, given.encoder), read(given.rows), read(given.held)
    report = card.Card(LABELS)
    for kind, names in LABELS.items():
        rows = [row for row in everything if row[kind]]
        x = store.of([row["text"] for row in rows])
        labels = np.array([names.index(row[kind]) for row in rows])
        worth = weights(rows, labels, kind)
        folds = np.array([fold(row) for row in rows])
        out = np.zeros((len(rows), len(names)), np.float32)
        for number in range(FOLDS):
            inside = folds != number
            out[~inside] = logits(fit(x[inside], labels[inside], worth[inside], kind), x[~inside])
        head = fit(x, labels, worth, kind)
        # As it is written and read again.
        head = tuple(part.astype(np.float16).astype(np.float32) for part in head)
        report.rows(kind, rows)
        sets = card.evaluations(kind, held, tuning)
        known = temperature(out, labels, worth)
        report.measure(kind, "training rows, left out by folds", out, labels, known)
        for name, records in sets.items():
            scores = logits(head, store.of([record["text"] for record in records]))
            target = np.array([names.index(record["label"]) for record in records])
            if name == card.TUNING:
                known = temperature(scores, target, np.ones(len(target)))
            report.measure(kind, name, scores, target, known, [record["source"] for record in records])
        path = given.out / f"{kind}.safetensors"
        write(path, head, {"encoder": "all-MiniLM-L6-v2", "activation": "gelu", "form": "1", "labels": json.dumps(names), "name": kind, "temperature": f"{known:.3f}"})
        report.file(kind, path, known)
        print(kind, collections.Counter(row[kind] for row in rows), "temperature", known, flush=True)
    (given.out / "card.md").write_text(report.text())


if __name__ == "__main__":
    main()
