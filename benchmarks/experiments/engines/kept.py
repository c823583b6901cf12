"""What `engines` measured before: a component that is measured anew joins a table of all of them."""

from pathlib import Path

from benchmarks.experiments.engines.subject import COMPONENTS
from benchmarks.experiments.rows import Rows
from benchmarks.rows.comparisons import EngineRow
from benchmarks.system.names import file_stem
from benchmarks.system.provenance import now, provenance


def engine_rows(out: Path) -> Rows:
    """The rows that `engines` leaves below an output folder."""
    return Rows(out / "engines", None)


def component_path(root: Path, name: str) -> Path:
    """Where the row of a component lies."""
    return root / f"{file_stem(name)}.json"


def keep(facts: EngineRow, dataset: str, out: Path) -> EngineRow:
    """Store figures of images of `dataset`, in the place of what was known of that component.

    Returns them with where and when they were measured.
    """
    known: EngineRow = {"status": "ok", **facts, "dataset": dataset, "measured": now(), "provenance": provenance()}
    rows = engine_rows(out)
    rows.save(component_path(rows.root, facts["name"]), known)
    return known


def kept_last(out: Path) -> list[EngineRow]:
    """What was measured last and all that was measured alike, ordered as `kept_beside`; empty where nothing was."""
    stored = _stored(out)
    return kept_beside(max(stored, key=lambda known: known["measured"]), out) if stored else []


def kept_beside(facts: EngineRow, out: Path) -> list[EngineRow]:
    """`facts` and all else that is stored, where it was measured on the same images, batches, threads and machine.

    In the order of COMPONENTS, others after them by name.
    """
    alike = [known for known in _stored(out) if _circumstances(known) == _circumstances(facts)]
    places = {name: place for place, name in enumerate(COMPONENTS)}
    return sorted(alike, key=lambda known: (places.get(known["name"], len(places)), known["name"]))


def _stored(out: Path) -> list[EngineRow]:
    """Every row that this version can show; where an older one named its checks otherwise, it is measured again."""
    rows = engine_rows(out).every("*.json", EngineRow)
    return [row for row in rows if row.get("status", "ok") != "ok" or "checks" in row]


def _circumstances(facts: EngineRow) -> tuple[object, ...]:
    return facts["dataset"], facts["batch"], facts["threads"], facts["provenance"]["machine"]
