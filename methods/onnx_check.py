"""Whether an ONNX file and the settings it was named with go together: tried in a process of its own.

The network is run once, on a blank image, under limits on time and memory: a file made to crash its reader, to keep it
busy or to fill the memory ends that process only. Run as a module; prints one line of JSON.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import BenchmarkError, WeightsError
from datasets.safe_text import one_line
from methods.installed import needs
from methods.spec import MethodSpec

SECONDS = 120
MEMORY = 8 << 30
"""Bytes of address space, beside SHARE of what the files hold: they are read, converted and compiled."""
SHARE = 4
_ENCODER = "methods.encoders.onnx_network:OnnxNetwork"


def require_sound(spec: MethodSpec) -> str:
    """The contract of an `onnx:` method's network in words: what it is fed, and what it gives. "" for other methods.

    Raises WeightsError, in one line, for a network that cannot be run as it was named.
    """
    encoder = spec.encoder
    if encoder is None or encoder.target != _ENCODER or "model" not in encoder.params:
        return ""  # a plug-in's encoder may have a parameter of that name
    if missing := needs(spec.requires):
        raise WeightsError(f"{spec.id} {missing}")
    own_text = None if spec.text is None else vars(spec.text)
    files = [*spec.files, *([] if spec.text is None else [spec.text.network, spec.text.tokenizer])]
    stamp = tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in map(Path, files) if path.exists())
    memory = MEMORY + SHARE * sum(size for _, size in stamp)
    settings = json.dumps({"image": dict(encoder.params), "text": own_text, "memory": memory}, default=str)
    said = _tried(settings, stamp)
    if "error" in said:
        raise WeightsError(f"{spec.id}: {said['error']}")
    return f"{said['contract']}; pixels: {spec.input.scaling if spec.input else ''}"


@cache
def _tried(settings: str, stamp: tuple[tuple[int, int], ...]) -> dict[str, str]:
    root = str(Path(__file__).parents[1])
    search = os.pathsep.join([root, *filter(None, sys.path)])
    command = [sys.executable, "-P", "-m", "methods.onnx_check", settings]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": search, "MALLOC_ARENA_MAX": "2"},  # each reserves address space
        )
    except subprocess.TimeoutExpired:
        return {"error": f"reading and running the network on one image did not end within {SECONDS} s"}
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.returncode or not lines:
        how = signal.Signals(-done.returncode).name if done.returncode < 0 else f"exit code {done.returncode}"
        return {"error": f"reading the network ended its process ({how}): do not trust this file"}
    return json.loads(lines[-1])


def _main(settings: str) -> None:
    asked = json.loads(settings)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = asked["memory"] if hard == resource.RLIM_INFINITY else min(asked["memory"], hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        said = {"contract": _contract(asked["image"], asked["text"])}
    except BenchmarkError as error:
        said = {"error": one_line(str(error))}
    except MemoryError:
        said = {"error": f"running it on one image takes more than {most / 2**30:.0f} GiB of memory"}
    print(json.dumps(said), flush=True)
    os._exit(0)


def _contract(image: dict[str, Any], text: dict[str, Any] | None) -> str:
    """What the network is fed and gives, once it has been run; raises BenchmarkError."""
    from methods.encoders.onnx_network import OnnxNetwork

    encoder = OnnxNetwork(**{**image, "model": Path(image["model"])})
    encoder.encode([np.zeros((64, 64, 3), dtype=np.uint8)])
    words = ""
    if text is not None:
        from methods.networks.text_network import TextNetwork

        network = TextNetwork(**{**text, "network": Path(text["network"]), "tokenizer": Path(text["tokenizer"])})
        if network.encode(["a picture"]).shape[1] != encoder.dimension:
            raise WeightsError(f"{text['network']} gives {network.dimension} numbers a text, not {encoder.dimension}")
        words = ", of words too"
    return f"fed {encoder.fed}, {encoder.input.colour}; gives {encoder.dimension} numbers{words}"


if __name__ == "__main__":
    _main(sys.argv[1])
