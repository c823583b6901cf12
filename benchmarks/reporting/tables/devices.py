"""CPU and GPU side by side, with their ratio, for every method that was measured on both."""

from pathlib import Path

from benchmarks.core.cells import Cell
from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.store import Store
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.model import Column, Table, mebibytes, milliseconds, rate
from benchmarks.reporting.tables.notes import machine_note
from benchmarks.rows.cell import CellRow
from benchmarks.system.files import write_text
from methods.registry import Registry

COLUMNS = (
    Column("method", "method", is_text=True),
    Column("Keras on", "keras_backend", is_text=True),
    Column("query p50 ms, CPU", "cpu_p50_ms", milliseconds),
    Column("GPU", "gpu_p50_ms", milliseconds),
    Column("ratio", "p50_ratio", lambda value: f"{value:.1f} ×"),
    Column("batched queries/s, CPU", "cpu_queries_per_s", rate),
    Column("GPU ", "gpu_queries_per_s", rate),
    Column("ratio ", "throughput_ratio", lambda value: f"{value:.1f} ×"),
    Column("copy of an image ms", "copy_ms", milliseconds),
    Column("GPU peak MiB", "peak_bytes", mebibytes),
)

INTRODUCTION = (
    "Times include the copies to the GPU and back and end when the result is there; the copy of one image is also "
    "shown apart. Ratio: how many times as fast the GPU is. GPU memory by the backend's own count."
)


def write_device_tables(store: Store, registry: Registry, out: Path) -> list[Path]:
    """Write `<data set>-<subset>-devices.md` for each data set and subset with retrieval rows of a GPU."""
    order = {spec.id: place for place, spec in enumerate(registry)}
    rows = {cell: row for cell, row in store.rows() if cell.task == "retrieval" and cell.method_id in order}
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell, row in rows.items():
        if cell.device == "gpu" and row["status"] == "ok":
            groups.setdefault((row["inputs"]["manifest"], cell.subset), []).append(cell)
    written = []
    for (manifest, subset), cells in groups.items():
        truth = read_ground_truth(store.manifest_path(manifest)).asked_as(subset)
        pairs = [(_on_cpu(cell, rows), rows[cell]) for cell in sorted(cells, key=lambda cell: order[cell.method_id])]
        table = Table(f"{truth.where}, CPU and GPU", COLUMNS, [_row(*pair) for pair in pairs])
        gpus = sorted({f"{row['device']['name']} (driver {row['device']['driver']})" for _, row in pairs})
        table.notes = [INTRODUCTION, f"GPU: {', '.join(gpus)}.", machine_note([row["provenance"] for _, row in pairs])]
        path = out / f"{truth.page('devices')}.md"
        write_text(path, to_markdown(table))
        written.append(path)
    return written


def _on_cpu(cell: Cell, rows: dict[Cell, CellRow]) -> CellRow | None:
    """The row of the same method on the CPU of the same machine, if there is one to compare with."""
    twin = rows.get(Cell(cell.dataset, cell.subset, cell.task, cell.method, "cpu"))
    same = twin and twin["status"] == "ok" and _host(twin) == _host(rows[cell])
    return twin if same and twin["inputs"]["manifest"] == rows[cell]["inputs"]["manifest"] else None  # type: ignore[index]


def _host(row: CellRow) -> tuple[object, ...]:
    machine = row["provenance"]["machine"]
    return machine["cpu"], machine["cores"], machine["memory_gib"]


def _row(cpu: CellRow | None, gpu: CellRow) -> dict[str, object]:
    device = gpu["device"]
    shown = {
        "method": gpu["inputs"]["method"]["id"] + ("" if gpu["trained"] else " (untrained)"),
        "keras_backend": device["keras_backend"],
        "gpu_p50_ms": gpu["latency"]["p50_ms"],
        "gpu_queries_per_s": gpu["throughput"]["queries_per_s"],
        "copy_ms": 1e3 * device["copy_s"] if "copy_s" in device else None,
        "peak_bytes": device["peak_bytes"],
    }
    if cpu is None:
        return shown
    p50, per_second = cpu["latency"]["p50_ms"], cpu["throughput"]["queries_per_s"]
    return shown | {
        "cpu_p50_ms": p50,
        "p50_ratio": p50 / gpu["latency"]["p50_ms"],
        "cpu_queries_per_s": per_second,
        "throughput_ratio": gpu["throughput"]["queries_per_s"] / per_second,
    }
