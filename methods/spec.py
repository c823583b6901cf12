"""A catalogue entry: everything the benchmark knows about a method before it is built. Data, no behaviour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Family = Literal["canary", "pixels", "hash", "local features", "classifier", "embedding", "face embedding"]
Task = Literal["retrieval", "unseen-classes", "robustness", "verification", "copies", "identification"]
OLD_TASKS = {"open-set": "unseen-classes"}
"""What tasks were called: stored rows and plug-ins may still say so."""


@dataclass(frozen=True)
class Part:
    """A class and its settings: `target` is "package.module:Class" (imported only when built) or the class itself."""

    target: str | Callable[..., Any]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class InputContract:
    """What a network was trained to be fed; tested for every backbone."""

    size: tuple[int, int] | None
    colour: Literal["RGB", "BGR", "grey"]
    scaling: str


@dataclass(frozen=True, kw_only=True)
class TextSide:
    """The network that puts words into the space of an encoder's rows, so that pictures can be asked for in words.

    It decides no row of a picture, so it is no part of what a stored row depends on.
    """

    network: str | Path
    """An ONNX file, or its name in methods.weights."""
    tokenizer: str | Path
    """A tokenizer.json, or its name in methods.weights."""
    output: str = ""
    """The tensor that holds the row; the network's own output unless given."""
    tokens: int = 77
    """The longest text: what is over is cut off."""
    lower: bool = False
    """It was trained on small letters."""


@dataclass(frozen=True, kw_only=True)
class MethodSpec:
    """One method: either `method` (a whole Method) or encoder (x transforms) x index, composed by the harness."""

    id: str
    family: Family
    summary: str
    source: str
    """The report (R0-R4) and/or paper it comes from."""
    method: Part | None = None
    encoder: Part | None = None
    transforms: tuple[Part, ...] = ()
    index: Part | None = None
    input: InputContract | None = None
    weights: tuple[str, ...] = ()
    """Names in methods.weights; the row is `untrained` when one is not to be had."""
    network_in_file: bool = False
    """Its weights file holds the network itself: without it there is nothing to time, and the row is `unavailable`."""
    supervised: bool = False
    """It reads the gallery's labels."""
    learns: bool = False
    """It learns from the gallery (a PCA, a vocabulary) without labels; supervised methods learn in any case."""
    tasks: tuple[str, ...] = ("retrieval", "robustness")
    """What it is asked beyond retrieval, a plug-in's tasks included. Rows that differ in their index alone are asked
    retrieval alone; `copies` and `identification` go by the other tasks."""
    content: Literal["any", "faces"] = "any"
    """"faces": the method looks for a face, so it runs on data sets of faces only."""
    reference: str = ""
    """The method whose exact search over the same vectors this one's index approximates."""
    text: TextSide | None = None
    """What takes a query in words, where there is such a network."""
    files: tuple[str | Path, ...] = ()
    """Files it reads beyond `weights`, absolute or beside its source: when one changes, its rows are stale."""
    requires: tuple[str, ...] = ()
    """Top-level packages it imports beyond numpy (checked by `list methods`; preloaded before its process forks)."""

    def __post_init__(self) -> None:
        """Tasks by their names of today."""
        if isinstance(self.tasks, tuple | list):
            object.__setattr__(self, "tasks", tuple(OLD_TASKS.get(task, task) for task in self.tasks))
