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
EMPTY = [np.zeros(0, np.uint16)] * 2


class Table:
    """Rows of buckets, one after another, with where each row begins. A bucket that stands twice in a row counts twice."""

    def __init__(self, lists: list[np.ndarray]):
        self.starts = np.zeros(len(lists) + 1, np.int64)
        np.cumsum([len(x) for x in lists], out=self.starts[1:])
        self.buckets = np.concatenate([np.zeros(0, np.uint16), *lists]).astype(np.int32)


class Seen:
    """Features of all rows. `segment_row[i]` is the row of segment i, `window_row[j]` that of window j; a segment is
    `near` where it is two neighbouring pieces of a wide one. `repeats` counts what the encoder sees twice of a row."""

    def __init__(self, texts: list[str], binary: pathlib.Path, model: pathlib.Path, cache: pathlib.Path):
        words, chars, near, self.segment_row, self.rules, views = [], [], [], [], [], []
        for number, line in enumerate(run(texts, binary)):
            found = json.loads(line)
            for segment in found.get("segments") or [found]:
                words.append(np.unique(np.array(segment["words"], np.uint16)))
                chars.append(np.unique(np.array(segment["chars"], np.uint16)))
                near.append(False)
                pieces = [[np.array(table, np.uint16) for table in piece] for piece in segment["pieces"]]
                for one, other in zip(pieces, pieces[1:]) if len(pieces) > 1 else zip(pieces, [EMPTY]):
                    words.append(np.sort(np.concatenate([one[0], other[0]])))
                    chars.append(np.sort(np.concatenate([one[1], other[1]])))
                    near.append(True)
                self.segment_row += [number] * (len(near) - len(self.segment_row))
            self.rules.append(set(found["rules"]))
            views.append([texts[number]] + found["read"])
        self.words, self.chars = Table(words), Table(chars)
        self.segment_row, self.near = np.array(self.segment_row), np.array(near)
        self.repeats = np.array([len(row) - 1 for row in views])
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
