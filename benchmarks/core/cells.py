"""A cell: one method on one subset of one data set, for one task, on one device. The unit that is run and stored."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from benchmarks.rows.cell import CellName
from benchmarks.system.names import file_stem
from methods.engines.registry import PLAIN
from methods.spec import OLD_TASKS

_PART = re.compile(r"[a-z0-9][a-z0-9:_-]{0,39}")
ON = "@"
"""Between a method and the engine that it runs on."""


def system(method_id: str, engine: str) -> str:
    """The name of a method on an engine: its own on plain Keras."""
    return method_id if engine in ("", PLAIN) else f"{method_id}{ON}{engine}"


@dataclass(frozen=True, order=True)
class Cell:
    """Coordinates of one row; `dataset` is a registered name or "folder:/path".

    `method` names a system: a method's id, and the engine that its networks run on where that is not plain Keras
    ("mtcnn-facenet@openvino-bf16"). Everything in a row, accuracy, latency and memory, is that one system's.
    """

    dataset: str
    subset: str
    task: str
    method: str
    device: str = "cpu"

    def __post_init__(self) -> None:
        """The task by its name of today: stored rows, baselines and scripts may give an older one."""
        object.__setattr__(self, "task", OLD_TASKS.get(self.task, self.task))

    @property
    def method_id(self) -> str:
        """The method alone, as registries know it."""
        return self.method.partition(ON)[0]

    @property
    def engine(self) -> str:
        """What its networks run on; plain Keras too where it has none."""
        return self.method.partition(ON)[2] or PLAIN

    @property
    def path(self) -> Path:
        """Where the cell lives below the store's `cells/` folder."""
        system = ON.join(map(file_stem, self.method.split(ON)))
        return Path(file_stem(self.dataset), file_stem(self.subset), self.task, f"{system}@{self.device}")

    @property
    def old_path(self) -> Path | None:
        """Where earlier versions kept it, if they called its task otherwise."""
        path = self.path
        old = next((old for old, new in OLD_TASKS.items() if new == self.task), None)
        return Path(*path.parts[:2], old, path.name) if old else None

    @property
    def title(self) -> str:
        """For people: "phash on lfw:smoke, retrieval"."""
        return f"{self.method} on {self.dataset}:{self.subset}, {self.task}"

    @classmethod
    def from_json(cls, fields: Mapping[str, object]) -> "Cell":
        """The cell that `to_json` wrote; raises ValueError for anything else."""
        parts = [fields.get(name, "") for name in ("task", "device")]  # which stand in its path as they are
        if not all(isinstance(value, str) and value and "\0" not in value for value in fields.values()) or not all(
            _PART.fullmatch(str(part)) for part in parts if part
        ):
            raise ValueError(f"{fields} names no cell")
        try:
            return cls(**fields)  # type: ignore[arg-type]
        except TypeError as error:
            raise ValueError(str(error)) from error

    def to_json(self) -> CellName:
        """The coordinates as a plain dict."""
        return cast(CellName, asdict(self))


def pair_path(cell: Cell) -> Path:
    """Where the times of two versions of a cell's method lie below `paired/`."""
    return Path(*cell.path.parts[:2], f"{cell.path.name.removesuffix('@cpu')}.npz")
