#!/usr/bin/env python3
"""Makes tests/data/architectures: a tiny model of each architecture, with what PyTorch says of some texts.

    architectures.py [OUT]

Weights are random, so the models understand nothing; what counts is that two implementations agree. Needs torch,
transformers, tokenizers and safetensors. The same versions always give the same bytes.

A folder holds what a published one does, and reference.json: {"limit": tokens read at most, "cases": [{"text", "tokens",
"mean", "first"}]}, where the vectors are the mean over all tokens and the first token's state, of length one, rounded to
six decimals. Texts are those of reference.py, spelled as there.
"""

import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from reference import TEXTS, spelled_out

POSITIONS = 40
NAMES = ["empty", "one letter", "chitchat", "german", "chinese", "emoji in text", "json", "paragraph", "5,000 words"]
# A pad in a text has a position of its own where positions are counted from the pad's id on.
CASES = [TEXTS[name] for name in NAMES] + ["the <pad> train <mask> to </s> the [PAD] north [SEP] leaves"]
BERT_MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_MARKS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def pieces(before: str, after: str) -> list[str]:
    """Letters and words, the first of a word with `before` before it and others with `after`.

    Trained vocabularies depend on the order of a hash map.
    """
    letters = "etaoinsrhldcumfpgwybvkxjqz0123456789.,?!\"'(){}[]:;-"
    words = " ".join(text for text in TEXTS.values() if isinstance(text, str)).lower().split()
    whole = sorted({word for word in words if len(word) > 1 and word.isascii() and word.isalpha()})
    return [before + piece for piece in [*letters, *whole]] + [after + letter for letter in letters]


def marked(tokenizer: Tokenizer, first: str, last: str) -> Tokenizer:
    """The tokenizer with a mark at each end of a text."""
    marks = [(mark, tokenizer.token_to_id(mark)) for mark in (first, last)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{first} $A {last}", special_tokens=marks)
    return tokenizer


def word_piece() -> Tokenizer:
    vocabulary = {piece: at for at, piece in enumerate([*BERT_MARKS, *pieces("", "##")])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(BERT_MARKS)
    return marked(tokenizer, "[CLS]", "[SEP]")


def byte_pairs() -> Tokenizer:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("Ġ", "t"), ("h", "e"), ("i", "n"), ("Ġt", "he"), ("e", "r"), ("o", "n"), ("Ġ", "a"), ("r", "e")]
    vocabulary = [*ROBERTA_MARKS, *letters, *(first + second for first, second in merges)]
    tokenizer = Tokenizer(models.BPE({piece: at for at, piece in enumerate(vocabulary)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(ROBERTA_MARKS)
    return marked(tokenizer, "<s>", "</s>")


def unigram() -> Tokenizer:
    vocabulary = [(mark, 0.0) for mark in ROBERTA_MARKS] + [("\u2581", -6.0)]
    vocabulary += [(piece, -8.0) for piece in pieces("\u2581", "")]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=ROBERTA_MARKS.index("<unk>")))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(ROBERTA_MARKS)
    return marked(tokenizer, "<s>", "</s>")


def randomize(model: torch.nn.Module) -> None:
    """Large enough that every part matters, and exact in f16, in which they are saved."""
    for name, parameter in model.named_parameters():
        scale = 0.5 if "embeddings.weight" in name else 0.2 if parameter.dim() == 2 else 0.1
        noise = scale * torch.randn(parameter.shape)
        parameter.data = (1 + noise if "orm.weight" in name else noise).half().float()


def make(folder: pathlib.Path, model: torch.nn.Module, tokenizer: Tokenizer, limit: int, prefix: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    randomize(model.eval())
    config = model.config.to_diff_dict() | {"model_type": model.config.model_type}
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    tokenizer.no_truncation()
    (folder / "tokenizer.json").write_text(tokenizer.to_str())
    tensors = {prefix + name: tensor.half() for name, tensor in model.state_dict().items() if tensor.is_floating_point()}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})

    tokenizer.enable_truncation(limit)
    cases = []
    for text in CASES:
        ids = tokenizer.encode(spelled_out(text)).ids
        with torch.no_grad():
            states = model(torch.tensor([ids])).last_hidden_state[0]
        vectors = {"mean": states.mean(0), "first": states[0]}
        unit = {name: [round(x, 6) for x in (v / v.norm()).tolist()] for name, v in vectors.items()}
        cases.append(json.dumps({"text": text, "tokens": len(ids), **unit}, separators=(",", ":")))
    reference = f'{{"limit": {limit}, "cases": [\n' + ",\n".join(cases) + "\n]}\n"
    (folder / "reference.json").write_text(reference)


def main() -> None:
    if len(sys.argv) > 2:
        raise SystemExit(__doc__)
    default = pathlib.Path(__file__).parent.parent / "tests/data/architectures"
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    torch.manual_seed(0)
    words, pairs, unigrams = word_piece(), byte_pairs(), unigram()
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
    sizes |= {"max_position_embeddings": POSITIONS}
    distil = {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "max_position_embeddings": POSITIONS}
    size = Tokenizer.get_vocab_size
    bert = transformers.BertConfig(vocab_size=size(words), **sizes)
    make(out / "bert", transformers.BertModel(bert, add_pooling_layer=False), words, POSITIONS, "bert.")
    distilbert = transformers.DistilBertConfig(vocab_size=size(words), **distil)
    make(out / "distilbert", transformers.DistilBertModel(distilbert), words, POSITIONS, "")
    # Positions begin behind the pad's id, 1.
    roberta = transformers.RobertaConfig(vocab_size=size(pairs), type_vocab_size=1, **sizes)
    make(out / "roberta", transformers.RobertaModel(roberta, add_pooling_layer=False), pairs, POSITIONS - 2, "roberta.")
    xlm = transformers.XLMRobertaConfig(vocab_size=size(unigrams), type_vocab_size=1, **sizes)
    make(out / "xlm-roberta", transformers.XLMRobertaModel(xlm, add_pooling_layer=False), unigrams, POSITIONS - 2, "")


if __name__ == "__main__":
    main()
