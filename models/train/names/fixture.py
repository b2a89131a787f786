"""Writes a few of the development set's texts with what the head says of them, for the runtime's tests to compare."""

import json

import tags
from evaluate import Reader
from head import Head

rows = [r["text"] for r in tags.read_jsonl("data/dev_made.jsonl")][:40]
reader = Reader("minilm", Head.load("out/tokens.safetensors"))
with open("out/fixture.jsonl", "w") as f:
    for text, found in zip(rows, reader.many(rows)):
        made = reader.tok.encode(text, add_special_tokens=False)
        size = lambda at: len(text[:at].encode())
        f.write(json.dumps({"text": text, "pieces": [[size(a), size(b)] for a, b in made.offsets],
                            "surface": ["".join(str(int(x)) for x in row) for row in tags.surface(text, made.offsets)],
                            "spans": [[size(a), size(b), k, round(s, 3)] for a, b, k, s in found]}, ensure_ascii=False) + "\n")
