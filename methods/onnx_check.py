"""Whether an ONNX file and the settings it was named with go together: tried in a process of its own.

A file made to crash its reader, or to keep it busy, ends that process only. Run as a module; prints one line of JSON.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from datasets.errors import BenchmarkError, WeightsError
from datasets.safe_text import one_line
from methods.installed import needs
from methods.spec import MethodSpec

SECONDS = 120
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
    settings = json.dumps({"image": dict(encoder.params), "text": own_text}, default=str)
    files = [*spec.files, *([] if spec.text is None else [spec.text.network, spec.text.tokenizer])]
    stamp = tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in map(Path, files) if path.exists())
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
            env={**os.environ, "PYTHONPATH": search},
        )
    except subprocess.TimeoutExpired:
        return {"error": f"reading the network did not end within {SECONDS} s"}
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.returncode or not lines:
        return {"error": f"reading the network ended its process (exit code {done.returncode}): do not trust this file"}
    return json.loads(lines[-1])


def _main(settings: str) -> None:
    from methods.encoders.onnx_network import OnnxNetwork

    params, text = json.loads(settings)["image"], json.loads(settings)["text"]
    try:
        encoder = OnnxNetwork(**{**params, "model": Path(params["model"])})
        words = ""
        if text is not None:
            from methods.networks.text_network import TextNetwork

            network = TextNetwork(**{**text, "network": Path(text["network"]), "tokenizer": Path(text["tokenizer"])})
            if network.encode(["a picture"]).shape[1] != encoder.dimension:
                raise WeightsError(
                    f"{text['network']} gives {network.dimension} numbers a text, not {encoder.dimension}"
                )
            words = ", of words too"
        said = {"contract": f"fed {encoder.fed}, {encoder.input.colour}; gives {encoder.dimension} numbers{words}"}
    except BenchmarkError as error:
        said = {"error": one_line(str(error))}
    print(json.dumps(said), flush=True)
    os._exit(0)


if __name__ == "__main__":
    _main(sys.argv[1])
