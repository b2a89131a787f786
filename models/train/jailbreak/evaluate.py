"""Scores a written head on labelled rows: recall and false alarms by source at each of its thresholds, and how well
encoded copies are found.

    evaluate.py --head out/jailbreak.safetensors --features guard_features --encoder all-MiniLM-L6-v2 rows.jsonl[.gz]

It computes from the file's own bytes, as the server does.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import json
import math
import pathlib
import random

import numpy as np
import tensors
import vessels
from features import Seen
from train import part_scores, squash, with_rules

SEED = 11


class Head:
    """The written file."""

    def __init__(self, path: pathlib.Path):
        self.held, about = tensors.read(path)
        self.features = json.loads(about["stack.features"])
        self.thresholds = json.loads(about["thresholds"])

    def parts(self, seen: Seen) -> tuple[np.ndarray, np.ndarray]:
        """The logits of segments and of windows."""
        logits = np.full(len(seen.segment_row), float(self.held["grams.bias"][0]))
        for name, table, scale in (("words", seen.words, 0), ("chars", seen.chars, 1)):
            weights = self.held[f"grams.{name}"].astype(np.float32) * self.held["grams.scale"][scale]
            for i in range(len(logits)):
                mine = table.buckets[table.starts[i] : table.starts[i + 1]]
                logits[i] += weights[mine].sum() / math.sqrt(max(len(mine), 1))
        hidden = np.maximum(seen.windows @ self.held["head.hidden.weight"].astype(np.float32).T + self.held["head.hidden.bias"], 0)
        return logits, hidden @ self.held["head.output.weight"] + self.held["head.output.bias"][0]

    def scores(self, seen: Seen) -> np.ndarray:
        """The score of each row."""
        count = len(seen.rules)
        grams, windows = self.parts(seen)
        families = [name.removeprefix("rule.") for name in self.features if name.startswith("rule.")]
        rules = np.array([[family in found for family in families] for found in seen.rules], np.float32)
        scores = with_rules(part_scores(seen, grams[~seen.near], grams[seen.near], windows), families, rules)
        known = {f"rule.{family}": column for family, column in zip(families, rules.T)} | dict(zip(tensors.COLUMNS, scores.T))
        logits = np.full(count, float(self.held["stack.bias"][0]))
        for name, weight in zip(self.features, self.held["stack.weight"]):
            logits += weight * known[name]
        return squash(logits)


def table(head: Head, rows: list[dict], scores: np.ndarray) -> None:
    """Prints the share over each threshold by source."""
    groups = collections.defaultdict(list)
    for row, score in zip(rows, scores):
        groups[row["label"], row.get("kind") or row["source"]].append(score)
    print(f"{'':34}" + "".join(f"{100 * rate:8.1f}%" for rate, _ in head.thresholds))
    for (label, name), values in sorted(groups.items()):
        shares = "".join(f"{100 * np.mean(np.array(values) > limit):8.1f} " for _, limit in head.thresholds)
        print(f"{'attack' if label else 'benign'} {name:20} {len(values):5} {shares}")


def disguises(rows: list[dict], count: int) -> list[dict]:
    """Encoded copies of some short attacks and of as many benign rows."""
    rng = random.Random(SEED)
    found = []
    for label in (1, 0):
        short = [row for row in rows if row["label"] == label and 30 < len(row["text"]) < 300 and row["text"].isascii()]
        for row in rng.sample(short, min(count, len(short))):
            found.append({"text": row["text"], "label": label, "kind": "plain"})
            for how in vessels.ENCODINGS:
                found.append({"text": vessels.encoded(row["text"], how, rng), "label": label, "kind": how})
    return found


def main() -> None:
    """Reads the arguments and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=pathlib.Path)
    parser.add_argument("--head", type=pathlib.Path, required=True)
    parser.add_argument("--features", type=pathlib.Path, required=True)
    parser.add_argument("--encoder", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path("cache"))
    parser.add_argument("--encodings", type=int, default=0, help="also encode so many attacks and benign rows")
    options = parser.parse_args()
    opened = gzip.open if options.rows.suffix == ".gz" else open
    with opened(options.rows, "rt") as file:
        rows = [json.loads(line) for line in file]
    if options.encodings:
        rows = disguises(rows, options.encodings)
    seen = Seen([row["text"] for row in rows], options.features, options.encoder, options.cache)
    head = Head(options.head)
    table(head, rows, head.scores(seen))


if __name__ == "__main__":
    main()
