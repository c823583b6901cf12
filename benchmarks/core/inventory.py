"""What there is - methods, data sets, metrics, tasks, runs - as plain rows, and why one cannot be used here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Required, TypedDict

from benchmarks.core.additions import load_plugins
from benchmarks.core.store import Store
from benchmarks.core.tasking.registry import tasks_of
from benchmarks.rows.cell import Git
from benchmarks.system.devices import asked_backend, lacking, packages_of
from datasets.errors import BenchmarkError
from datasets.registry import DATASETS, open_dataset
from datasets.safe_text import one_line
from methods.fingerprint import MethodSettings, describe_method
from methods.installed import absent
from methods.spec import MethodSpec
from methods.weights import file_obstacle, find_weights


class MethodEntry(TypedDict):
    """One method, as `list methods` has it."""

    id: str
    family: str
    summary: str
    source: str
    supervised: bool
    runs_here: str
    """yes, untrained or no."""
    reason: str
    tasks: list[str]
    content: str
    weights: list[str]
    input: dict[str, object]
    settings: MethodSettings


class DatasetEntry(TypedDict, total=False):
    """One data set, as `list datasets` has it; what only reading it tells may be absent."""

    id: Required[str]
    here: Required[str]
    """How much of it is here, or why it cannot be read."""
    origin: Required[str]
    images: Required[int | None]
    labels: Required[int | None]
    content: str
    subsets: list[str]
    synthetic: bool


def methods(weights_dir: Path | None, plugins: Sequence[Path] = ()) -> list[MethodEntry]:
    """Every method with its settings and whether it can run here."""
    return [_method(spec, weights_dir) for spec in load_plugins(plugins)]


def datasets(data_dir: Path | None, plugins: Sequence[Path] = ()) -> list[DatasetEntry]:
    """Every data set with how much of it is here."""
    load_plugins(plugins)
    rows: list[DatasetEntry] = []
    for name in DATASETS:
        row: DatasetEntry = {"id": name, "here": "", "origin": "", "images": None, "labels": None}
        try:
            dataset = open_dataset(name, data_dir)
            items = dataset.items()
            here = "; ".join([dataset.completeness(), *dataset.ignored_files()])
            row |= {"here": here, "images": len(items), "labels": len({item.label for item in items})}
            row |= {
                "origin": dataset.origin.title or "official",
                "content": dataset.content,
                "subsets": list(dataset.subsets),
                "synthetic": dataset.synthetic,
            }
        except BenchmarkError as error:
            row["here"] = one_line(str(error))
        except Exception as error:  # one broken data set hides no other
            row["here"] = one_line(f"cannot be read ({type(error).__name__}: {error})")
        rows.append(row)
    return rows


def metrics(plugins: Sequence[Path] = ()) -> list[dict[str, object]]:
    """Every metric with its definition and source."""
    load_plugins(plugins)
    from benchmarks.metrics.registry import METRICS

    return [{"id": name, "description": m.description, "source": m.source} for name, m in METRICS.items()]


def tasks(plugins: Sequence[Path] = ()) -> list[dict[str, object]]:
    """Every task: what it asks and of how many methods, what orders them, whether a run has it unless told."""
    registry = load_plugins(plugins)
    known = tasks_of(registry)
    return [
        {
            "id": task.name,
            "summary": task.summary,
            "metric": task.metric,
            "methods": sum(task.asks(spec) for spec in registry),
            "default": task.is_default,
            "timed": task.is_timed,
            "plugin": known.places.get(task.name, ""),
        }
        for task in known
    ]


def runs(out: Path) -> list[dict[str, object]]:
    """Every recorded run below an output folder, oldest first."""
    rows = []
    for record in Store(out).run_records():
        facts = record.get("provenance")
        statuses = ", ".join(f"{count} {status}" for status, count in sorted(record.get("statuses", {}).items()))
        rows.append(
            {
                "started": record["started"],
                "ended": record["ended"],
                "planned": record["planned"],
                "finished": record["finished"],
                "statuses": statuses,
                "commit": _commit(facts["git"]) if facts else "",
                "cpu": facts["machine"]["cpu"] if facts else "",
            }
        )
    return rows


def _commit(git: Git) -> str:
    return (git["commit"] or "")[:10] + (" (dirty)" if git["dirty"] else "")


def can_run(spec: MethodSpec, weights_dir: Path | None) -> tuple[str, str]:
    """("yes" | "untrained" | "no", reason): whether a method can run on this machine."""
    if reason := lacking(spec, absent(packages_of(spec, asked_backend()))):
        return "no", reason
    try:
        if spec.weights and not any(find_weights(name, weights_dir) for name in spec.weights):
            if obstacle := file_obstacle(spec, None):
                return "no", obstacle
            return "untrained", f"no weights: fetch {spec.weights[0]}"
    except BenchmarkError as error:
        return "no", str(error)
    return "yes", ""


def _method(spec: MethodSpec, weights_dir: Path | None) -> MethodEntry:
    state, reason = can_run(spec, weights_dir)
    return {
        "id": spec.id,
        "family": spec.family,
        "summary": spec.summary,
        "source": spec.source,
        "supervised": spec.supervised,
        "runs_here": state,
        "reason": reason,
        "tasks": list(spec.tasks),
        "content": spec.content if spec.content == "any" else "faces",
        "weights": list(spec.weights),
        "input": vars(spec.input) if spec.input else {},
        "settings": describe_method(spec),
    }
