"""What `engines` measured before: a network that is measured anew joins a table of all of them."""

from pathlib import Path
from typing import Any

from benchmarks.engines.contestants import CONTESTANTS
from benchmarks.files import intact, read_record, write_record
from benchmarks.names import file_stem
from benchmarks.provenance import now, provenance

_NEEDS = ("batch", "dataset", "measured", "name", "provenance", "threads")


def keep(facts: dict[str, Any], dataset: str, out: Path) -> dict[str, Any]:
    """Store what `measure` found in images of `dataset`, in the place of what was known of that contestant.

    Returns it with where and when it was measured.
    """
    known = {**facts, "dataset": dataset, "measured": now(), "provenance": provenance()}
    write_record(out / "engines" / f"{file_stem(facts['name'])}.json", known)
    return known


def kept_last(out: Path) -> list[dict[str, Any]]:
    """What was measured last and all that was measured alike, ordered as `kept_beside`; empty where nothing was."""
    stored = _stored(out)
    return kept_beside(max(stored, key=lambda known: known["measured"]), out) if stored else []


def kept_beside(facts: dict[str, Any], out: Path) -> list[dict[str, Any]]:
    """`facts` and all else that is stored, where it was measured on the same images, batches, threads and machine.

    In the order of CONTESTANTS, others after them by name.
    """
    alike = [known for known in _stored(out) if _circumstances(known) == _circumstances(facts)]
    places = {name: place for place, name in enumerate(CONTESTANTS)}
    return sorted(alike, key=lambda known: (places.get(known["name"], len(places)), known["name"]))


def _stored(out: Path) -> list[dict[str, Any]]:
    return list(intact(lambda path: read_record(path, needs=_NEEDS), sorted((out / "engines").glob("*.json"))))


def _circumstances(facts: dict[str, Any]) -> tuple[object, ...]:
    return facts["dataset"], facts["batch"], facts["threads"], facts["provenance"]["machine"]
