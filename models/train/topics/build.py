"""From sources to rows: reads the clones at their commits and own seeds, drops what is near an evaluation text, writes rows.jsonl.

    build.py --clones CLONES --seeds seeds --out OUT

CLONES holds OWNER+NAME/repo for each source; sources that are missing are left out, and the seeds alone are enough.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import pathlib
import random
import re
import zlib

import questions
import sources
from clone import Clone, manifest

HERE = pathlib.Path(__file__).parent
EVALUATION = HERE.parents[2] / "tests/data/topics"
SEED = 20
# Written when the heads were done: to leave rows out for these would make other heads, and so the rows near them are counted.
FRESH = "own-fresh"


def words(text: str) -> list[str]:
    """Words and numbers without case; signs of writing without spaces count as words."""
    return re.findall(r"[^\W_]+", re.sub(r"([\u3040-\u9fff])", r" \1 ", text.lower()))


class Near:
    """Whether a text repeats another: the same words, or half of its runs of six words."""

    def __init__(self, texts: list[str]):
        self.whole, self.runs = set(), set()
        for text in texts:
            known = words(text)
            self.whole.add(" ".join(known))
            self.runs.update(hash(tuple(known[i : i + 6])) for i in range(len(known) - 5))

    def __contains__(self, text: str) -> bool:
        known = words(text)
        runs = [hash(tuple(known[i : i + 6])) for i in range(len(known) - 5)]
        return " ".join(known) in self.whole or (bool(runs) and sum(run in self.runs for run in runs) * 2 >= len(runs))


def own_evaluation(is_fresh: bool) -> list[str]:
    """The evaluation texts that were written for this, before the heads were trained or after."""
    found = []
    for kind in ("domain", "intent"):
        found += map(json.loads, (EVALUATION / f"{kind}.jsonl").read_text().splitlines())
    return [record["text"] for record in found if (record["source"] == FRESH) == is_fresh]


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--clones", type=pathlib.Path, default=pathlib.Path("clones"))
    asked.add_argument("--seeds", type=pathlib.Path, default=HERE / "seeds")
    asked.add_argument("--out", type=pathlib.Path, required=True)
    given = asked.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)

    clones = {name: Clone(name, entry, given.clones) for name, entry in manifest(HERE / "sources.toml").items()}
    for name in [name for name, clone in clones.items() if not clone.here()]:
        print(f"{name}: not there, left out")
        del clones[name]
    held = clones.pop("mmlu_pro", None)
    pro = [] if held is None else questions.pro(held)
    near = Near([record["text"] for record in pro] + own_evaluation(is_fresh=False))

    rows = sources.seeds(given.seeds, random.Random(SEED))
    for name, clone in sorted(clones.items()):
        rows += sources.reader(name)(clone, random.Random(SEED + zlib.crc32(name.encode())))
    seen, kept, dropped, groups = set(), [], collections.Counter(), {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    # A question goes with all its forms: with options it holds more words than the run that repeats.
    bad = {group for group, members in groups.items() if any(member.text in near for member in members) or group in near}
    for row in rows:
        mark = " ".join(words(row.text)) or row.text
        if row.group in bad:
            dropped[row.source] += 1
        elif mark not in seen and row.text.strip():
            seen.add(mark)
            kept.append(row)
    with (given.out / "rows.jsonl").open("w") as file:
        for row in kept:
            file.write(json.dumps(dataclasses.asdict(row), ensure_ascii=False) + "\n")
    if held is not None:
        with (given.out / "held.jsonl").open("w") as file:
            for record in pro:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        clones["mmlu_pro"] = held
    for name, clone in sorted(clones.items()):
        told = clone.entry.get("sha256", "")
        found = clone.digest.hexdigest()
        if told and told != found:
            raise SystemExit(f"{name}: the files at {clone.at} are not those of sources.toml ({found})")
        print(f"{name}: {clone.files} files, {dropped[name]} rows near an evaluation text dropped, sha256 {found}")
    (given.out / "digests.json").write_text(json.dumps({name: clone.digest.hexdigest() for name, clone in clones.items()}))
    fresh = Near(own_evaluation(is_fresh=True))
    print(f"{sum(row.text in fresh for row in kept)} rows near a text that was written later")
    for kind in ("domain", "intent"):
        print(kind, dict(sorted(collections.Counter(getattr(row, kind) for row in kept if getattr(row, kind)).items())))


if __name__ == "__main__":
    main()
