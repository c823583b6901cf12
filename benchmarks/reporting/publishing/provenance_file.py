"""What is written of published tables beside them: which run made them, where and when; and which files they are."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.system.files import read_json, write_json
from datasets.errors import BenchmarkError
from datasets.words import duration

FILE = "provenance.json"
_SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Part:
    """Published files of one commit, one machine and one run."""

    what: str
    """For people: "standard subsets"."""
    commit: str
    changed: bool = False
    """Whether the tree differed from the commit. Never so in what `report --publish` writes."""
    machine: str
    started: str
    """Date, or date and time, of the first result."""
    ended: str
    command: str
    """That made it, without the folders it was given."""
    protocol: int
    subsets: Sequence[str] = ()
    """lfw:standard, cifar10:standard, ..."""
    tasks: Sequence[str] = ()
    """retrieval, copies, ...; none: all tasks of the subsets."""
    wall_s: float | None = None
    """Of the run, in seconds."""
    files: Sequence[str] = ()
    """Names within the folder."""

    @property
    def line(self) -> str:
        """In one line of markdown."""
        days = dict.fromkeys((self.started[:10], self.ended[:10]))
        took = f", {duration(self.wall_s)}" if self.wall_s else ""
        changed = " (with changes)" if self.changed else ""
        by = f": `{self.command}`" if self.command else ""
        return (
            f"{self.what}: commit {self.commit[:10]}{changed}, {' to '.join(days)}{took}, protocol {self.protocol}, "
            f"{self.machine}{by}"
        )


def read_parts(folder: Path) -> list[Part]:
    """The parts of the tables in `folder`, none where it says nothing; raises BenchmarkError for a damaged file."""
    document = read_json(folder / FILE)
    if document is None:
        return []
    try:
        if document["schema"] != _SCHEMA:
            raise ValueError(f"schema {document['schema']}")
        return [Part(**part) for part in document["parts"]]
    except (KeyError, TypeError, ValueError) as error:
        raise BenchmarkError(f"{folder / FILE} cannot be read ({error}): publish again into an empty folder") from error


def write_parts(parts: Sequence[Part], folder: Path) -> Path:
    """Write `provenance.json`."""
    write_json(folder / FILE, {"schema": _SCHEMA, "parts": [asdict(part) for part in parts]})
    return folder / FILE


def published_note(parts: Sequence[Part]) -> str:
    """What the overview's head says of all parts, as markdown; empty without any."""
    if not parts:
        return ""
    return "Published results (`provenance.json` names the files of each run):\n\n" + "\n".join(
        f"- {part.line}" for part in parts
    )
