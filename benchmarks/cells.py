"""A cell: one method on one subset of one data set, for one task, on one device. The unit that is run and stored."""

from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.names import file_stem


@dataclass(frozen=True, order=True)
class Cell:
    """Coordinates of one row; `dataset` is a registered name or "folder:/path"."""

    dataset: str
    subset: str
    task: str
    method: str
    device: str = "cpu"

    @property
    def path(self) -> Path:
        """Where the cell lives below the store's `cells/` folder."""
        return Path(
            file_stem(self.dataset), file_stem(self.subset), self.task, f"{file_stem(self.method)}@{self.device}"
        )

    @property
    def title(self) -> str:
        """For people: "phash on lfw:smoke, retrieval"."""
        return f"{self.method} on {self.dataset}:{self.subset}, {self.task}"

    def to_json(self) -> dict[str, str]:
        """The coordinates as a plain dict."""
        return asdict(self)
