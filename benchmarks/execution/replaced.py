"""What a run would take away: rows of real images, or of trained networks, for which it has only lesser ones."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from benchmarks.core.plan import PlannedCell
from benchmarks.core.store import Store
from benchmarks.system.files import if_intact, read_json
from datasets.errors import BenchmarkError
from datasets.words import count_of


class LossError(BenchmarkError):
    """A run would replace results by lesser ones that nobody asked for."""


def require_no_loss(cells: Sequence[PlannedCell], store: Store) -> None:
    """Raise LossError where synthetic images or untrained networks would take a stored result's place.

    That is what happens when the folder of the data sets or of the weights is not named again.
    """
    stored = [(each, row) for each in cells if (row := store.row(each.cell)) and row["status"] == "ok"]
    images = [
        each
        for each, row in stored
        if _synthetic(each.manifest) and _synthetic(store.manifest_path(row["inputs"]["manifest"])) is False
    ]
    networks = [each for each, row in stored if row["trained"] and not each.trained]
    for lost, what, names, where in (
        (images, "real images of", [each.cell.dataset for each in images], "--data (RIS_DATA)"),
        (networks, "the trained network of", [each.cell.method for each in networks], "--weights (RIS_WEIGHTS)"),
    ):
        if lost:
            raise LossError(
                f"{count_of(len(lost), 'stored result')} made with {what} {', '.join(dict.fromkeys(names))} would be "
                f"replaced, since what they were made with is not here: name its folder with {where}, another folder "
                "for the results with --out, or replace them with --force"
            )


@lru_cache(maxsize=64)
def _synthetic(manifest: Path) -> bool | None:
    """Whether a manifest is of synthetic images; None where it is gone or damaged."""
    found = if_intact(read_json, manifest)
    return found.get("synthetic") if isinstance(found, dict) else None
