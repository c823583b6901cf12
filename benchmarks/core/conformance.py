"""`check METHOD`: the conformance checks on a catalogue entry, with images that suit it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.system.devices import asked_backend, lacking, packages_of
from benchmarks.system.processes import MARK, Family, end_with_parent
from datasets.errors import BenchmarkError
from datasets.imageset import ImageSet
from datasets.safe_text import one_line
from datasets.synthetic import stand_in
from methods.building import Surroundings, build_method
from methods.conformance import CHECKS, Finding, check
from methods.installed import absent
from methods.registry import load_registry
from methods.spec import MethodSpec
from methods.weights import find_weights

FACES = 12
"""Drawn faces given to a method that looks for faces: four people, three pictures each."""


SECONDS = 900.0
"""What a check may take; the slowest network of the catalogue needs a few minutes."""

NAMES = ("runs", *CHECKS)
"""The checks that a method passes which conforms."""


def check_apart(method: str, weights_dir: Path | None, plugins: Sequence[Path] = ()) -> list[Finding]:
    """`check_method` in a process of its own; that it exits, crashes or hangs is a finding too.

    Raises BenchmarkError for what the user must correct first: an unknown method, weights that are not theirs.
    """
    with tempfile.TemporaryDirectory(prefix="check-") as folder:
        report = Path(folder) / "report.json"
        job = {"method": method, "weights": weights_dir and str(weights_dir), "plugins": list(map(str, plugins))}
        family = Family(Path(folder))
        search = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.core.conformance", str(report), json.dumps(job)],
            env={**os.environ, "PYTHONPATH": search, MARK: family.mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            return [Finding("runs", f"was not done after {SECONDS:.0f} s")]
        finally:
            family.end(process.pid)
            process.wait()
        said = json.loads(report.read_text(encoding="utf-8")) if report.exists() else None
    if said is None:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return [Finding("runs", f"ended its process ({how})")]
    if "error" in said:
        raise BenchmarkError(said["error"])
    return [Finding(**finding) for finding in said["findings"]]


def check_method(spec: MethodSpec, weights_dir: Path | None) -> list[Finding]:
    """What breaks the contract, empty when the method conforms.

    Raises WeightsError for weights that are not theirs, BenchmarkError where packages that the method names are absent.
    """
    if reason := lacking(spec, absent(packages_of(spec, asked_backend()))):
        raise BenchmarkError(f"{spec.id} cannot run here: {reason}")
    found = next(filter(None, (find_weights(name, weights_dir) for name in spec.weights)), None)
    surroundings = Surroundings(found.path if found else None, profile="smoke")
    images = _faces() if spec.content == "faces" else None
    return check(lambda: build_method(spec, surroundings), spec, images)


def _faces() -> ImageSet:
    dataset = stand_in("lfw")
    items = dataset.split("smoke").gallery + dataset.split("smoke").queries
    labels, counts = np.unique([item.label for item in items], return_counts=True)
    people = labels[counts >= FACES // 4][:4]
    chosen = [[item for item in items if item.label == person][: FACES // 4] for person in people]
    return dataset.imageset([item for person in chosen for item in person])


def _main(report: str, job: str) -> None:
    """In the process of its own: leave the findings in `report`."""
    end_with_parent(os.getppid(), signal.SIGKILL)
    asked = json.loads(job)
    try:
        spec = load_registry([Path(path) for path in asked["plugins"]]).get(asked["method"])
        found = check_method(spec, Path(asked["weights"]) if asked["weights"] else None)
        said: dict[str, object] = {"findings": [vars(finding) for finding in found]}
    except BenchmarkError as error:
        said = {"error": one_line(str(error))}
    Path(report).write_text(json.dumps(said), encoding="utf-8")
    os._exit(0)


if __name__ == "__main__":
    _main(*sys.argv[1:])
