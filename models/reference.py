#!/usr/bin/env python3
"""Makes tests/data/minilm_reference.json: what the published f32 model says, by PyTorch's transformers.

    reference.py PUBLISHED [OUT]

PUBLISHED is a folder with the published f32 model (see convert.py). Needs torch and transformers. A vector is the mean
of the last hidden states over the attention mask, scaled to length one; texts are cut at 256 tokens.

The file holds {"dimensions": 384, "cases": [{"name", "text", "tokens", "vector"}]}; a vector is rounded to seven decimals.
A text too long to read is given as {"repeat": text, "times": n} instead, `text` joined by nothing.
"""

import json
import pathlib
import sys

import torch
from transformers import AutoModel, AutoTokenizer

MAX_TOKENS = 256

TEXTS = {
    "empty": "",
    "one space": " ",
    "whitespace": " \t\r\n\u00a0\u2003 ",
    "one letter": "a",
    "digits": "3.14159 26535 89793",
    "punctuation": "?!... --- (*) [] {} <> ;;; \"'` ~",
    "chitchat": "Hi, how are you?",
    "joke": "Tell me a joke.",
    "weather": "What is the weather?",
    "script": "Write a Python script to parse this JSON.",
    "derivation": "Explain the derivation of the transformer attention mechanism.",
    "segfault": "Debug this segfault trace.",
    "upper case": "WHY ARE YOU SHOUTING AT ME",
    "mixed case": "tHe qUiCk BrOwN fOx JuMpS oVeR tHe LaZy DoG",
    "accents": "Café crème à la française, naïve façade, Ångström, jalapeño, Žižek",
    "decomposed accents": "Cafe\u0301 cre\u0300me a\u0300 la franc\u0327aise",
    "german": "Der Weichensteller stellt die Weichen, damit jeder Zug auf das richtige Gleis kommt.",
    "polish": "Zażółć gęślą jaźń",
    "turkish": "İstanbul'da ışıklar yanıyor",
    "vietnamese": "Tôi muốn đặt một bàn cho hai người vào tối nay",
    "russian": "Напиши программу, которая сортирует список чисел",
    "greek": "Γειά σου Κόσμε, τι κάνεις σήμερα;",
    "arabic": "مرحبا، كيف حالك اليوم؟",
    "arabic with marks": "السَّلَامُ عَلَيْكُمْ",
    "hebrew": "מה מזג האוויר היום?",
    "hindi": "आज मौसम कैसा है?",
    "thai": "วันนี้อากาศเป็นอย่างไร",
    "chinese": "请帮我写一个解析JSON的Python脚本。",
    "traditional chinese": "你好嗎？今天天氣怎麼樣？",
    "japanese": "このPythonスクリプトをデバッグしてください。",
    "korean": "이 파이썬 스크립트를 디버그해 주세요.",
    "emoji": "😀🎉🚂",
    "emoji sequences": "family 👨‍👩‍👧‍👦 flag 🇩🇪 thumbs 👍🏽 heart ❤️",
    "emoji in text": "I love trains 🚂 so much 😍!!!",
    "full width": "Ｈｅｌｌｏ　Ｗｏｒｌｄ",
    "ligatures and symbols": "ﬁnal oﬀer ™ © ½ ² € £ ¥ → ∞ ≠ ∑",
    "control characters": "a\u0000b\u0007c\u001bd\u007fe\u200bf\ufeffg",
    "replacement character": "broken \ufffd text \ufffd\ufffd",
    "private use": "\ue000 \U000f0000 end",
    "python": "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n\nprint([fib(i) for i in range(10)])",
    "rust": "impl<T: Clone> Stack<T> { pub fn push(&mut self, t: T) { self.0.push(t); } }",
    "json": '{"model": "auto", "messages": [{"role": "user", "content": "hi"}], "stream": true}',
    "sql": "SELECT u.name, COUNT(*) FROM users u JOIN orders o ON o.user_id = u.id GROUP BY 1 HAVING COUNT(*) > 3;",
    "stack trace": "Segmentation fault (core dumped)\n#0  0x00007f3c in memcpy () from /lib64/libc.so.6\n#1  main () at a.c:42",
    "url and address": "See https://example.org/a?b=c&d=%20e#f or write to jane.doe+test@example.org",
    "special tokens": "[CLS] what is [MASK] [SEP] [PAD] [UNK]",
    "paragraph": "A load balancer that reads the prompt can send an easy question to a small model and a hard one to a large "
    "model. Most questions are easy. The small model answers them in a fraction of the time and for a fraction of the "
    "money, and nobody notices the difference. The hard part is to know which is which before either has said a word, "
    "and to know it so quickly that asking costs less than what is saved.",
    "very long word": {"repeat": "pneumonoultramicroscopicsilicovolcanoconiosis", "times": 40},
    "5,000 words": {"repeat": "the train to the north leaves platform nine at noon, ", "times": 500},
    "3,000 Chinese characters": {"repeat": "请帮我写一个程序。", "times": 334},
}


def spelled_out(text) -> str:
    return text if isinstance(text, str) else text["repeat"] * text["times"]


def main() -> None:
    if not 2 <= len(sys.argv) <= 3:
        raise SystemExit(__doc__)
    published = sys.argv[1]
    default = pathlib.Path(__file__).parent.parent / "tests/data/minilm_reference.json"
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else default
    tokenizer = AutoTokenizer.from_pretrained(published)
    model = AutoModel.from_pretrained(published, dtype=torch.float32).eval()
    cases = []
    for name, text in TEXTS.items():
        inputs = tokenizer(spelled_out(text), truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        with torch.no_grad():
            hidden = model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1).float()
        mean = (hidden * mask).sum(1) / mask.sum(1)
        vector = torch.nn.functional.normalize(mean, dim=1)[0].numpy()
        rounded = [round(float(x), 7) for x in vector]
        cases.append({"name": name, "text": text, "tokens": inputs["input_ids"].shape[1], "vector": rounded})
    dimensions = model.config.hidden_size
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    out.write_text(f'{{"dimensions": {dimensions}, "cases": [\n{lines}\n]}}\n')
    print(f"{len(cases)} cases in {out}")


if __name__ == "__main__":
    main()
