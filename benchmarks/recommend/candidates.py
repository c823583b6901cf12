"""Who takes part: every method that runs here and suits the purpose, the cheap ones first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.core.inventory import can_run
from datasets.errors import UnknownNameError, suggest
from methods.registry import Registry
from methods.spec import MethodSpec

Purpose = Literal["copies", "people", "things"]
PURPOSES: tuple[Purpose, ...] = ("copies", "people", "things")
_NETWORKS = ("tensorflow", "keras", "torch", "openvino", "dlib")
_SLOW_FAMILIES = ("local features", "classifier")


@dataclass(frozen=True)
class Candidates:
    """Methods in the order in which they are tried, and who is left out with the reason."""

    specs: tuple[MethodSpec, ...]
    left_out: tuple[tuple[str, str], ...]


def candidates(registry: Registry, purpose: Purpose, weights_dir: Path | None, named: Sequence[str] = ()) -> Candidates:
    """Methods for `purpose`; of `named` ones (ids) just those. Raises UnknownNameError."""
    wanted = list(dict.fromkeys(named)) or [spec.id for spec in registry]
    chosen: list[MethodSpec] = []
    left_out: list[tuple[str, str]] = []
    for id in wanted:
        spec = registry.get(id)
        if reason := _reason(spec, purpose, weights_dir, bool(named)):
            left_out.append((id, reason))
        elif named or spec.family != "canary":
            chosen.append(spec)
    return Candidates(tuple(sorted(chosen, key=_cost)), tuple(left_out))


def check_purpose(text: str) -> Purpose:
    """The purpose of that name; raises UnknownNameError."""
    for purpose in PURPOSES:
        if text == purpose:
            return purpose
    raise UnknownNameError(suggest("purpose", text, PURPOSES))


def _reason(spec: MethodSpec, purpose: Purpose, weights_dir: Path | None, named: bool) -> str:
    """Why a method takes no part; "" where it does. One that was named is left out only where it cannot run."""
    state, reason = can_run(spec, weights_dir)
    if state != "yes":
        return reason
    if named or spec.family == "canary":
        return ""
    if spec.content == "faces" and purpose != "people":
        return "looks for faces: --for people"
    if spec.supervised:
        return "learns from labels: name it with -m"
    return f"searches the rows of {spec.reference} through another index" if spec.reference else ""


def _cost(spec: MethodSpec) -> int:
    """0 for hashes and pixels, 1 for networks, 2 for local features, which grow with the gallery."""
    if spec.family in _SLOW_FAMILIES:
        return 2
    return int(any(package in _NETWORKS for package in spec.requires))
