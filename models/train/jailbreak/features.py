"""What the server sees of each row: buckets of n-grams and rule families by the server's own code, and the meanings
of the windows of the text and of its decoded or normalised views.

The n-grams are never computed here: `guard_features` (examples/guard_features.rs) reads the rows as JSON lines.
"""

from __future__ import annotations

import json
import pathlib
import subprocess

import embed
import numpy as np

BUCKETS = 65536


class Table:
    """Rows of buckets, one after another, with where each row begins."""

    def __init__(self, lists: list[list[int]]):
        self.starts = np.zeros(len(lists) + 1, np.int64)
        np.cumsum([len(x) for x in lists], out=self.starts[1:])
        self.buckets = np.fromiter((b for x in lists for b in x), np.int32, int(self.starts[-1]))


class Seen:
    """Features of all rows. `segment_row[i]` is the row of segment i, `window_row[j]` that of window j."""

    def __init__(self, texts: list[str], binary: pathlib.Path, model: pathlib.Path, cache: pathlib.Path):
        words, chars, self.segment_row, self.rules, views = [], [], [], [], []
        for number, line in enumerate(run(texts, binary)):
            found = json.loads(line)
            for segment in found.get("segments") or [found]:
                words.append(sorted(set(segment["words"])))
                chars.append(sorted(set(segment["chars"])))
                self.segment_row.append(number)
            self.rules.append(set(found["rules"]))
            views.append([texts[number]] + found["read"])
        self.words, self.chars = Table(words), Table(chars)
        self.segment_row = np.array(self.segment_row)
        self.views = views
        self.windows, self.window_row = meanings(views, model, cache)


def run(texts: list[str], binary: pathlib.Path) -> list[str]:
    """The binary's answer to each text."""
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    done = subprocess.run([binary], input=lines.encode("utf-8", "replace"), capture_output=True, check=True)
    answers = done.stdout.decode().splitlines()
    if len(answers) != len(texts):
        raise SystemExit(f"{binary} answered {len(answers)} of {len(texts)} texts")
    return answers


def meanings(views: list[list[str]], model: pathlib.Path, cache: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of all windows, and the row of each."""
    store = embed.Store(cache)
    embed.fill(store, [text for row in views for text in row], model)
    places, rows = [], []
    for number, row in enumerate(views):
        for text in row:
            for window in embed.windows(text):
                places.append(store.at[embed.key(window)])
                rows.append(number)
    return store.rows[places].astype(np.float32), np.array(rows)
