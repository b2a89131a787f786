"""Which function reads which source, and the texts that were written for this."""

from __future__ import annotations

import json
import pathlib
import random

import books
import grammar
import questions
import tasks
from clone import Row

READERS = {
    "mmlu": questions.mmlu, "gsm8k": tasks.gsm, "aqua": tasks.aqua, "mbpp": tasks.mbpp, "arena": tasks.arena, "mt_bench": tasks.bench,
    "chatterbot": tasks.corpus, "clinc": tasks.clinc, "rasa": tasks.rasa, "self_instruct": tasks.instruct,
}  # fmt: skip


def reader(name: str):
    """The function that reads a source by its name in `sources.toml`."""
    if name.startswith("book_"):
        return books.book
    return READERS.get(name, tasks.snippets)


def seeds(folder: pathlib.Path, rng: random.Random) -> list[Row]:
    """Texts written for this: questions, and topics that are asked about in three ways each."""
    rows = []
    for path in sorted(folder.glob("*.jsonl")):
        for record in map(json.loads, path.read_text().splitlines()):
            texts = [record["text"]] if "text" in record else [form.format(t=record["topic"]) for form in rng.sample(books.ASKED, 3)]
            for text in texts:
                rows.append(Row(text, f"seeds/{path.name}", "own", record.get("domain"), record.get("intent"), text))
    known = {"math": "math", "coding": "computer science"}
    for text, intent in grammar.sentences(1, 900, 900, 1200, 900):
        rows.append(Row(text, "grammar", "own", known.get(intent, "other") if rng.random() < 0.12 else None, intent, text))
    rows += [Row(text, "grammar", "own", "business", None, text) for text in grammar.trade(2, 300)]
    return rows
