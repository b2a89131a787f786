"""OpenStax' textbooks: exercises, terms and headings from their CNXML."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as xml

from clone import Clone, Row


def tag(node: xml.Element) -> str:
    """An element's name without its namespace."""
    return node.tag.rsplit("}", 1)[-1] if isinstance(node.tag, str) else ""


def plain(node: xml.Element) -> str:
    """An element's text, its formulas in one line."""
    name, inner = tag(node), [(node.text or "")]
    if name in ("media", "figure", "table", "note", "solution", "commentary", "label"):
        return ""
    for child in node:
        inner += [plain(child), child.tail or ""]
    if name == "mfrac" and len(node) == 2:
        return f"({plain(node[0])})/({plain(node[1])})" if len(plain(node[0])) > 2 or len(plain(node[1])) > 2 else f"{plain(node[0])}/{plain(node[1])}"
    if name in ("msup", "msub") and len(node) == 2:
        return plain(node[0]) + ("^" if name == "msup" else "_") + plain(node[1])
    if name == "msqrt":
        return "√(" + "".join(inner).strip() + ")"
    if name in ("annotation", "annotation-xml"):
        return ""
    if name == "item":
        return "\n" + "".join(inner).strip()
    if name == "para":
        return "".join(inner).strip() + "\n"
    if name.startswith("m") and name not in ("meaning",) and name not in ("metadata",):
        return re.sub(r"\s+", " ", "".join(inner)) if name == "math" else "".join(inner).strip()
    return "".join(inner)


def tidy(text: str) -> str:
    """Without the XML's own line breaks."""
    lines = [re.sub(r"\s+", " ", line).strip() for line in re.sub(r"(?<!\n)\n(?!\n)", "\n", text).split("\n")]
    return "\n".join(line for line in lines if line)


ASKED = (
    "What is {t}?", "Explain {t}.", "Can you explain {t} in simple terms?", "what does {t} mean", "Give me a short definition of {t}.",
    "Define {t} and give an example.", "Tell me about {t}", "How does {t} work?", "I have an exam tomorrow, please explain {t} to me",
    "Why is {t} important?", "Was ist {t}?", "¿Qué es {t}?", "Qu'est-ce que {t} ?", "请解释一下{t}", "help me understand {t}", "{t}",
)  # fmt: skip

MEANT = ("Which term means {m}?", "What is the name for {m}?", "{m} is called", "what do you call {m}", "{m}. Which term is meant?", "Which of the following is {m}?")


def book(clone: Clone, rng: random.Random, exercises: int = 700, terms: int = 260) -> list[Row]:
    """Exercises as they stand, and glossary terms and headings in a user's words."""
    domain = clone.entry["domain"]
    intent = {"math": "math", "history": "other", "psychology": "other", "philosophy": "other", "other": "other", "business": "other", "health": "other"}
    problems, words, meanings, prose = [], [], [], []
    for path in clone.paths("modules", "index.cnxml"):
        try:
            root = xml.fromstring(clone.read(path))
        except xml.ParseError:
            continue
        for node in root.iter():
            if tag(node) == "problem":
                text = tidy(plain(node))
                if 25 <= len(text) <= 1500 and not re.search(r"(?i)\bfigure\b|this chapter|following table|shown (below|here)|preceding|previous (exercise|problem)", text):
                    problems.append(text)
            elif tag(node) == "definition":
                first = next((child for child in node if tag(child) == "term"), None)
                if first is not None and 3 <= len(tidy(plain(first))) <= 60:
                    words.append(tidy(plain(first)))
                meaning = tidy(" ".join(plain(child) for child in node if tag(child) == "meaning"))
                if 40 <= len(meaning) <= 300:
                    meanings.append(meaning.rstrip("."))
            elif tag(node) == "para" and 120 <= len(text := tidy(plain(node))) <= 700 and not re.search(r"(?i)figure|chapter|this section|answer key|\bbook\b", text):
                prose.append(text)
        heading = next((node.text or "" for node in root.iter() if tag(node) == "title"), "")
        if 8 <= len(heading) <= 70 and not re.search(r"(?i)introduction|key |summary|exercise|review|question|further|critical|chapter|glossary|problem|suggested|preface|appendix|reference|index|answer", heading):
            words.append(heading.strip())
    problems, words = sorted(set(problems)), sorted(set(words))
    rows = [clone.row(text, domain, intent.get(domain)) for text in rng.sample(problems, min(exercises, len(problems)))]
    for word in rng.sample(words, min(terms, len(words))):
        # A term of mathematics that is asked about is mathematics; of other fields, a question of fact.
        rows.append(clone.row(rng.choice(ASKED).format(t=word), domain, intent.get(domain) if rng.random() < 0.4 else None))
    for meaning in rng.sample(sorted(set(meanings)), min(150, len(set(meanings)))):
        rows.append(clone.row(rng.choice(MEANT).format(m=meaning), domain))
    # Some books keep their exercises elsewhere.
    for text in rng.sample(sorted(set(prose)), min(max(0, 250 - len(problems)), len(set(prose)))):
        rows.append(clone.row(text, domain))
    return rows
