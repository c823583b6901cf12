"""What an engine is: a Keras network in, a function of a batch out."""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.errors import BenchmarkError
from methods.engines.cpu import multiplies_bfloat16

if TYPE_CHECKING:
    import keras

    from methods.faces.cascade import Cascade

Forward = Callable[[np.ndarray], np.ndarray]
"""(n, ...) float32 in, (n, d) float32 out, for any n of at least one."""


class EngineError(BenchmarkError):
    """An engine that cannot run here, or that failed its equivalence check."""


@dataclass(frozen=True)
class Engine:
    """One way to run a network. `compiler` and `cascade` are "package.module:callable", imported only when called."""

    name: str
    summary: str
    compiler: str
    """Of a Keras network: its Forward, with the weights that the network has now."""
    cascade: str = ""
    """Of the least face size in pixels: MTCNN's cascade on this engine; empty where it runs as it is."""
    package: str = ""
    """Import package that it needs beyond TensorFlow and Keras."""
    bfloat16: bool = False
    """It computes in bfloat16, which is a gain only on a CPU that multiplies such numbers."""

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules behind it."""
        return tuple(target.partition(":")[0] for target in (self.compiler, self.cascade) if target)

    def obstacle(self) -> str:
        """Why it cannot run here, and what to do; empty where it can."""
        if self.package and importlib.util.find_spec(self.package) is None:
            return f"needs {self.package}, which is not installed: pip install 'reverse-image-search-benchmark[fast]'"
        if self.bfloat16 and not multiplies_bfloat16():
            return "this CPU does not multiply bfloat16 numbers (no avx512_bf16 or amx_bf16)"
        return ""

    def compile(self, network: "keras.Model") -> Forward:
        """The forward pass of `network`; later changes of its weights may go unseen. Raises EngineError."""
        self.require()
        return _callable(self.compiler)(network)

    def make_cascade(self, min_face_size: int) -> "Cascade | None":
        """MTCNN's cascade on this engine, None where it has none. Raises EngineError."""
        self.require()
        return _callable(self.cascade)(min_face_size) if self.cascade else None

    def require(self) -> None:
        """Raise EngineError where it cannot run here."""
        if obstacle := self.obstacle():
            raise EngineError(f"engine {self.name}: {obstacle}")


def _callable(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)
