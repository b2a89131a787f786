"""What people ask of a model: mathematics, code, small talk, and tasks that are none of these."""

from __future__ import annotations

import ast
import json
import random
import re

from clone import Clone, Row
from questions import posed

# === Mathematics ===


def gsm(clone: Clone, rng: random.Random) -> list[Row]:
    """Word problems."""
    lines = clone.read("grade_school_math/data/test.jsonl").decode().splitlines()
    return [clone.row(json.loads(line)["question"], "math" if i < 450 else None, "math") for i, line in enumerate(rng.sample(lines, min(900, len(lines))))]


def aqua(clone: Clone, rng: random.Random) -> list[Row]:
    """Algebra word problems, some with options."""
    rows = []
    for name in ("dev.json", "test.json"):
        for line in clone.read(name).decode().splitlines():
            record = json.loads(line)
            options = [option.split(")", 1)[-1] for option in record["options"]]
            text = posed(record["question"], options, rng) if rng.random() < 0.3 else record["question"]
            rows.append(clone.row(text, "math" if rng.random() < 0.5 else None, "math"))
    return rows


# === Code ===

LANGUAGES = "Python JavaScript TypeScript Java C++ C Rust Go C# Ruby PHP Kotlin Swift Scala Haskell R Perl Lua".split()
EXPLAIN = (
    "What does this function do?\n\n```{k}\n{c}\n```", "Explain this code:\n```{k}\n{c}\n```", "Can you refactor this to be more readable?\n\n{c}",
    "Find the bug:\n{c}", "write unit tests for this\n```{k}\n{c}```", "Why does this not work?\n\n```\n{c}\n```", "Translate this to {l}:\n\n```{k}\n{c}\n```",
    "{c}\n\nadd comments and type hints", "Review this code please.\n\n```{k}\n{c}\n```", "Wie kann ich diese Funktion schneller machen?\n\n{c}",
    "¿Qué hace este código?\n```{k}\n{c}\n```", "Peux-tu corriger cette fonction ?\n{c}", "这段代码是什么意思？\n```{k}\n{c}\n```", "{c}",
    "Optimize the following:\n```{k}\n{c}\n```", "I get an error when I run this:\n\n{c}\n\nWhat is wrong?",
)  # fmt: skip
ENDS = {"py": "python", "ts": "typescript", "tsx": "tsx", "js": "javascript", "cc": "cpp", "h": "cpp", "c": "c", "sh": "bash", "sql": "sql"}


def snippets(clone: Clone, rng: random.Random) -> list[Row]:
    """Pieces of code with something asked of them."""
    pieces = []
    for under in clone.entry["paths"]:
        for path in clone.paths(under):
            kind = ENDS.get(path.rsplit(".", 1)[-1])
            if kind is None:
                continue
            text = clone.read(path).decode("utf-8", "replace")
            if kind == "python":
                try:
                    found = [ast.get_source_segment(text, node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
                except SyntaxError:
                    continue
            else:
                found = re.split(r"\n(?=\S[^\n]*\{\n)", text)[1:]
                found = [piece[: piece.find("\n}") + 2] for piece in found if "\n}" in piece]
            pieces += [(kind, piece) for piece in found if piece and 60 <= len(piece) <= 900]
    rows = []
    for kind, piece in rng.sample(sorted(set(pieces)), min(clone.entry["rows"], len(set(pieces)))):
        rows.append(clone.row(rng.choice(EXPLAIN).format(k=kind, c=piece, l=rng.choice(LANGUAGES)), "computer science" if rng.random() < 0.15 else None, "coding"))
    return rows


def mbpp(clone: Clone, rng: random.Random) -> list[Row]:
    """Small programming tasks."""
    rows = []
    for line in clone.read("data/mbpp.jsonl").decode().splitlines():
        text = json.loads(line)["text"].strip()
        language = rng.choice(LANGUAGES)
        form = rng.choice(("{t}", "{t}", "{t}", "{t} Use {l}.", "in {l}: {u}", "I need some help. {t}", "{t}\n\nOnly return the code, no explanation."))
        rows.append(clone.row(form.format(t=text, l=language, u=text[0].lower() + text[1:]), "computer science" if rng.random() < 0.12 else None, "coding"))
    return rows


CODE_CLUSTER = re.compile(
    r"(?i)python|code|coding|javascript|typescript|regex|matplotlib|c\+\+|css|pandas|docker|django|flask|kotlin|laravel|linked list|linux|monads|"
    r"node\.js|php|react|rust|sql|swift|symfony|tailwind|tidyverse|tkinter|web development|webhooks|cuda|shiny|streamlit|wpf|algorithms and|vba|kubernetes|cron|shader|gradio|jax|awk"
)


def arena(clone: Clone, _: random.Random) -> list[Row]:
    """What users asked for whose topic is programming."""
    rows = []
    for line in clone.read("data/arena-hard-v0.1/question.jsonl").decode().splitlines():
        record = json.loads(line)
        if CODE_CLUSTER.search(record["cluster"]):
            rows.append(clone.row(record["turns"][0]["content"], None, "coding"))
    return rows


def bench(clone: Clone, _: random.Random) -> list[Row]:
    """MT-Bench's questions whose category is an intent."""
    kinds = {"coding": "coding", "math": "math", "writing": "other", "humanities": "other", "extraction": "other"}
    records = map(json.loads, clone.read("fastchat/llm_judge/data/mt_bench/question.jsonl").decode().splitlines())
    return [clone.row(record["turns"][0], None, kinds[record["category"]]) for record in records if record["category"] in kinds]


def listed(text: str) -> list[str]:
    """Opening lines of the conversations in a chatterbot corpus file."""
    return [line[4:].strip().strip("'\"") for line in text.splitlines() if line.startswith("- - ") and len(line) > 6 and not line.endswith("|")]


def corpus(clone: Clone, _: random.Random) -> list[Row]:
    """Openings of small talk in several languages, and of talk about code. Other files may go back to sets under other licences."""
    rows = [clone.row(text, "computer science" if len(text) > 40 else None, "coding") for text in listed(clone.read("chatterbot_corpus/data/english/coding.yml").decode())]
    for language in "english german french spanish italian portuguese chinese".split():
        for name in ("greetings", "conversations"):
            path = f"chatterbot_corpus/data/{language}/{name}.yml"
            rows += [clone.row(text, None, "chat") for text in listed(clone.read(path).decode())]
    return rows


SMALLTALK = set(
    "greeting goodbye tell_joke what_is_your_name are_you_a_bot meaning_of_life how_old_are_you who_made_you thank_you do_you_have_pets "
    "fun_fact what_are_your_hobbies where_are_you_from who_do_you_work_for what_can_i_ask_you".split()
)
NEITHER = set("smart_home cancel yes no maybe repeat calculator roll_dice flip_coin measurement_conversion restaurant_suggestion meal_suggestion travel_suggestion".split())


def clinc(clone: Clone, rng: random.Random) -> list[Row]:
    """Small talk, and orders to an assistant, which are neither small talk nor code nor mathematics."""
    by_label: dict[str, list[str]] = {}
    for text, label in json.loads(clone.read("data/data_full.json"))["train"]:
        by_label.setdefault(label, []).append(text)
    rows = []
    for label, texts in sorted(by_label.items()):
        if label in SMALLTALK:
            rows += [clone.row(text, None, "chat") for text in rng.sample(texts, min(40, len(texts)))]
        elif label not in NEITHER:
            rows += [clone.row(text, "other" if rng.random() < 0.25 else None, "other") for text in rng.sample(texts, min(4, len(texts)))]
    return rows


def rasa(clone: Clone, _: random.Random) -> list[Row]:
    """Small talk and moods."""
    rows = []
    for path in ("smalltalk/nlu.yml", "mood/nlu.yml"):
        for line in clone.read(path).decode().splitlines():
            if re.match(r"\s+- \w", line) and "intent:" not in line:
                rows.append(clone.row(line.strip()[2:], None, "chat"))
    return rows


CODE_TASK = re.compile(r"(?i)\bcode|program|python|sql|function|html|script|regex|json|latex|command")
MATH_TASK = re.compile(r"(?i)\bmath|equation|calculate|number|sum |probab|arithmetic|divis|sudoku|graph")


def instruct(clone: Clone, _: random.Random) -> list[Row]:
    """Tasks that ask for neither code nor mathematics: writing, rewriting, extraction."""
    rows = []
    for name in ("data/seed_tasks.jsonl", "human_eval/user_oriented_instructions.jsonl"):
        for line in clone.read(name).decode().splitlines():
            record = json.loads(line)
            text = f"{record['instruction']}\n{record['instances'][0].get('input', '')}".strip()
            if not CODE_TASK.search(text) and not MATH_TASK.search(text):
                rows.append(clone.row(text, None, "other"))
    return rows
