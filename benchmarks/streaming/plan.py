"""What can be streamed: methods that search an encoder's rows exactly as they are."""

from datasets.errors import BenchmarkError
from methods.building import resolve
from methods.contracts import Index
from methods.indexes.exact import ExactIndex
from methods.indexes.hamming import HammingIndex
from methods.spec import MethodSpec


def build_index(spec: MethodSpec) -> Index:
    """The index of a spec, empty; raises BenchmarkError where it is no exact one, or there are transforms before it."""
    if spec.encoder is None or spec.index is None:
        raise BenchmarkError(f"{spec.id} has no encoder: stream takes methods made of an encoder and an index")
    if spec.transforms:
        raise BenchmarkError(f"{spec.id} transforms its vectors: stream takes an encoder's rows as they are")
    index = resolve(spec.index)(**spec.index.params)
    if not isinstance(index, ExactIndex | HammingIndex):
        instead = f"; take {spec.reference}" if spec.reference else ""
        raise BenchmarkError(f"{spec.id} does not search by brute force, as stream does{instead}")
    return index
