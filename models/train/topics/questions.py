"""Questions of examinations: MMLU's, and MMLU-Pro's for evaluation alone."""

from __future__ import annotations

import ast
import csv
import io
import json
import random
import zipfile

from clone import Clone, Row

LETTERS = "ABCDEFGHIJ"

FORMS = (
    ("{q}\n{o}", "{l}. {t}", "\n"),
    ("{q}\n\n{o}", "{l}) {t}", "\n"),
    ("Question: {q}\nOptions:\n{o}\nAnswer:", "{l}. {t}", "\n"),
    ("{q} {o}", "({l}) {t}", " "),
    ("{q}\n\n{o}\n\nWhich is right, and why?", "{l}. {t}", "\n"),
)


def posed(question: str, options: list[str], rng: random.Random) -> str:
    """A question with its options, in one of the usual forms."""
    whole, line, between = rng.choice(FORMS)
    return whole.format(q=question, o=between.join(line.format(l=letter, t=text) for letter, text in zip(LETTERS, options)))


SUBJECTS = {
    "biology": "college_biology high_school_biology",
    "business": "business_ethics management marketing",
    "chemistry": "college_chemistry high_school_chemistry",
    "computer science": "college_computer_science computer_security high_school_computer_science machine_learning",
    "economics": "econometrics high_school_macroeconomics high_school_microeconomics",
    "engineering": "electrical_engineering",
    "health": "anatomy clinical_knowledge college_medicine human_aging medical_genetics nutrition professional_medicine virology",
    "history": "high_school_european_history high_school_us_history high_school_world_history prehistory",
    "law": "international_law jurisprudence professional_law",
    "math": "abstract_algebra college_mathematics elementary_mathematics high_school_mathematics high_school_statistics",
    "philosophy": "formal_logic logical_fallacies moral_disputes moral_scenarios philosophy world_religions",
    "physics": "astronomy college_physics conceptual_physics high_school_physics",
    "psychology": "high_school_psychology professional_psychology",
    "other": "global_facts high_school_geography high_school_government_and_politics human_sexuality miscellaneous "
    "professional_accounting public_relations security_studies sociology us_foreign_policy",
}


def mmlu(clone: Clone, rng: random.Random) -> list[Row]:
    """MMLU's questions, once alone and once with options; subjects to domains as MMLU-Pro has them."""
    rows = []
    for domain, subjects in SUBJECTS.items():
        for subject in subjects.split():
            for part in ("dev", "test"):
                records = list(csv.DictReader(io.StringIO(clone.read(f"data/mmlu/{part}/{subject}_{part}.csv").decode())))
                if subject == "moral_scenarios":
                    # One form for all 895 of them: more would teach nothing.
                    records = rng.sample(records, min(60, len(records)))
                for record in records:
                    question = record["question"].strip()
                    options = [record[f"choice{i}"].strip() for i in range(4)]
                    # What is not counting is a question of fact. Questions on computers may be either: they say nothing of intent.
                    intent = {"math": "math", "computer science": None, "physics": None, "chemistry": None, "engineering": None}.get(domain, "other")
                    rows.append(clone.row(question, domain, intent, question))
                    rows.append(clone.row(posed(question, options, rng), domain, intent if rng.random() < 0.5 else None, question))
    return rows


def pro(clone: Clone) -> list[dict]:
    """MMLU-Pro's questions, for evaluation only: they stand in the outputs of a model that was measured with them."""
    archive = zipfile.ZipFile(io.BytesIO(clone.read("eval_results/model_outputs_jamba-1.5-large_5shots.zip")))
    found = []
    for record in json.loads(archive.read(archive.namelist()[0])):
        options = ast.literal_eval(record["options"]) if isinstance(record["options"], str) else record["options"]
        found.append({"id": str(record["question_id"]), "text": record["question"].strip(), "options": options, "label": record["category"], "source": record["src"]})
    return sorted(found, key=lambda record: int(record["id"]))
