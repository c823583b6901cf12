"""The table of engines: milliseconds an image, how many times plain Keras, and the check that answers stay the same."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path

import numpy as np

from benchmarks.core.store import Store
from benchmarks.execution.equivalence.check import COSINE
from benchmarks.experiments.engines.kept import kept_last
from benchmarks.experiments.engines.subject import PREDICT
from benchmarks.experiments.latency.summary import quantiles
from benchmarks.experiments.rounds import NOISY
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.model import Column, Table, milliseconds
from benchmarks.reporting.tables.notes import machine_note
from benchmarks.rows.cell import FAILED_RERUN
from benchmarks.rows.comparisons import CheckFigures, EngineRow
from benchmarks.rows.experiments import Ended
from benchmarks.system.files import write_text
from datasets.safe_text import csv_field
from methods.engines.registry import PLAIN


def _times(value: float) -> str:
    return f"{value:.2f} ×"


def _change(value: float) -> str:
    return f"{value:+.3f}"


COLUMNS = (
    Column("network", "network", is_text=True),
    Column("input", "size"),
    Column("engine", "engine", is_text=True),
    Column("ms/image", "ms", milliseconds),
    Column("times `predict`", "times_predict", _times),
    Column("times keras", "times_keras", _times),
    Column("least cosine", "cosine_min", lambda value: f"{value:.6f}"),
    Column("mean", "cosine_mean", lambda value: f"{value:.6f}"),
    Column("hit@1", "hit", lambda value: f"{value:.3f}"),
    Column("change of hit@1", "hit_change", _change),
    Column("equivalence check", "check", is_text=True),
)

INTRODUCTION = (
    f"`{PREDICT}` is `Model.predict` of plain Keras, and `MTCNN.predict` of the package that MTCNN comes from; "
    f"`{PLAIN}` is the bare forward pass, which every method uses unless asked otherwise. All engines of a network "
    "took turns in one process, round by round, each in a new order; intervals (95%) are over rounds, and of hit@1 "
    "over queries. A ratio above 1 is faster. The latency of an engine is shown only where it passed the equivalence "
    f"check: on real images, no cosine to float32 below {COSINE}, and hit@1 within the interval of no change; "
    "of a network without weights only the cosine is asked. Of MTCNN the boxes are compared."
)

SETTLED = (
    "Random weights blow up what {} makes of an image by ten orders of magnitude, until rounding errors are all that "
    "is left; so there each normalisation was given the mean and variance of what it is fed."
)


def write_stored_engines(store: Store, out: Path) -> list[Path]:
    """Write `engines.md` and `engines.csv` of what `engines` measured last; nothing where nothing is stored."""
    facts = kept_last(store.root)
    return write_engines(facts, out) if facts else []


def write_engines(facts: Sequence[EngineRow], out: Path) -> list[Path]:
    """Write `engines.md` and `engines.csv` of what is kept of each component, all of it measured alike."""
    measured = [one for one in facts if one.get("status", "ok") == "ok"]
    rows = [row for one in measured for row in _rows(one)]
    paths = [out / "engines.md", out / "engines.csv"]
    notes = [INTRODUCTION, *(_notes(measured) if measured else []), *_failures(facts)]
    write_text(paths[0], to_markdown(Table("Engines", COLUMNS, rows, notes)))
    write_text(paths[1], _csv(rows))
    return paths


def _rows(facts: EngineRow) -> list[dict[str, object]]:
    seconds = {name: np.array(values) for name, values in facts["seconds"].items()}
    names = [name for name in (PREDICT, PLAIN) if name in seconds] + list(facts["checks"])
    return [_row(facts, name, seconds) for name in names]


def _row(facts: EngineRow, name: str, seconds: dict[str, np.ndarray]) -> dict[str, object]:
    check = facts["checks"].get(name)
    row: dict[str, object] = {
        "method": facts["method"],
        "network": facts["name"] + ("" if facts["trained"] else " (no weights)"),
        "size": facts["size"],
        "engine": name,
        "batch": facts["batch"],
        "threads": facts["threads"],
        **{key: check.get(key) if check else None for key in ("cosine_min", "cosine_mean", "hit", "hit_change")},
        "hit_change_interval": check.get("hit_interval") if check else None,
        "check": _verdict(check) if check else "",
        "word": "not shown",
        "word_in": ("ms",),
    }
    if name in seconds:
        row |= _quantity("ms", 1e3 * seconds[name])
        for baseline, key in ((PREDICT, "times_predict"), (PLAIN, "times_keras")):
            if baseline in seconds and baseline != name:
                row |= _quantity(key, seconds[baseline] / seconds[name])
    return row


def _quantity(key: str, values: np.ndarray) -> dict[str, object]:
    """The median over rounds, with its interval."""
    median = quantiles(values[:, None])["p50"]
    return {key: median.value, f"{key}_interval": (median.low, median.high)}


def _verdict(check: CheckFigures) -> str:
    if check["reason"]:
        return f"**failed**: {check['reason']}"
    if check["faces"]:
        return f"passed: {check['faces']}"
    return "passed" if check["hit"] is not None else "passed, cosine only"


def _notes(facts: Sequence[EngineRow]) -> list[str]:
    first = facts[0]
    noisy = sorted({one["name"] for one in facts if one["strayed"] > NOISY})
    quiet = (
        f"Noise: the slowest tenth of the clock checks was at most {max(one['strayed'] for one in facts):.1%} behind."
    )
    rounds = _span(len(one["seconds"][PLAIN]) for one in facts)
    images = _span(one["images"] for one in facts)
    settled = sorted(one["name"] for one in facts if one["settled"])
    return [
        f"Batches of {first['batch']} images, {first['threads']} threads, {rounds} rounds. Equivalence checks on "
        f"{images} images of the gallery of {first['dataset']}: images to search for, and "
        "for each one of its label to be found.",
        *([SETTLED.format(", ".join(settled))] if settled else []),
        f"**The machine was noisy** while these were measured: {', '.join(noisy)}." if noisy else quiet,
        machine_note([one["provenance"] for one in facts]),
        *dict.fromkeys(map(_versions, facts)),
    ]


def _failures(facts: Sequence[EngineRow]) -> list[str]:
    """Which have no figures, or only earlier ones, and why."""
    missing = [_ended(one["name"], one) for one in facts if one.get("status", "ok") != "ok"]
    again = [_ended(one["name"], one[FAILED_RERUN]) for one in facts if FAILED_RERUN in one]
    return [
        *(["Without a figure: " + "; ".join(missing) + "."] if missing else []),
        *(["Rerun without a result, so the row before it is shown: " + "; ".join(again) + "."] if again else []),
    ]


def _ended(name: str, row: Ended | EngineRow) -> str:
    return f"{name}: {row['status']} ({row['reason']})"


def _versions(facts: EngineRow) -> str:
    there = facts["provenance"]
    packages = ", ".join(f"{name} {version}" for name, version in there["packages"].items() if version != "absent")
    commit = (there["git"]["commit"] or "unknown")[:10] + (" (with changes)" if there["git"]["dirty"] else "")
    return f"Commit {commit}, {facts['measured'][:10]}; Python {there['python']}, {packages}."


def _span(values: Iterable[int]) -> str:
    ordered = sorted(set(values))
    return str(ordered[0]) if len(ordered) == 1 else f"{ordered[0]} to {ordered[-1]}"


def _csv(rows: Sequence[Mapping[str, object]]) -> str:
    flat: list[dict[str, object]] = []
    for row in rows:
        plain: dict[str, object] = {
            key: value for key, value in row.items() if not key.endswith("_interval") and key not in ("word", "word_in")
        }
        for key, ends in row.items():
            if key.endswith("_interval") and isinstance(ends, list | tuple) and ends:
                low, high = ends
                plain |= {key.replace("_interval", "_low"): low, key.replace("_interval", "_high"): high}
        flat.append(plain)
    names = list(dict.fromkeys(name for row in flat for name in row))
    text = StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: csv_field(value) for name, value in row.items()} for row in flat)
    return text.getvalue()
