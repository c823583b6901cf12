"""Who takes part: every method that runs here and suits the purpose, the cheap ones and one of every kind first."""

from collections import Counter
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
_SLOWEST = 2


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
    return Candidates(tuple(_in_turn(chosen)), tuple(left_out))


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


def _in_turn(specs: Sequence[MethodSpec]) -> list[MethodSpec]:
    """One method of each family, then a second one of each: where time is short, no family goes untried for another.

    The cheap ones of each turn come first, and those that grow with the gallery after all others.
    """
    earlier: Counter[str] = Counter()
    turns: dict[str, int] = {}
    for spec in specs:
        turns[spec.id] = earlier[spec.family]
        earlier[spec.family] += 1
    return sorted(specs, key=lambda spec: (_cost(spec) == _SLOWEST, turns[spec.id], _cost(spec)))


def _cost(spec: MethodSpec) -> int:
    """0 for hashes and pixels, 1 for networks, 2 for local features, which grow with the gallery."""
    if spec.family in _SLOW_FAMILIES:
        return _SLOWEST
    return int(any(package in _NETWORKS for package in spec.requires))
