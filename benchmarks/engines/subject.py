"""One component ready to be run on any engine: its inputs, its calls, and how its results are compared."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.engines.components import Part
from benchmarks.equivalence.proof import Proof, judge_faces, judge_rows
from benchmarks.equivalence.sample import Sample
from datasets.errors import BenchmarkError
from methods.contracts import Encoder
from methods.encoders.facenet import MtcnnFaceNet
from methods.engines.contract import Engine
from methods.engines.swap import Swap, detectors_of, networks_of
from methods.faces.alignment import main_face
from methods.faces.detection import FaceDetector

if TYPE_CHECKING:
    import keras

PREDICT = "predict"
"""As most people call it: `Model.predict` of the model as it was made, `predict` of the package `mtcnn`."""

Call = Callable[[Any], Any]


@dataclass
class Subject:
    """Inputs of a sample's images (an array or a list, n), and their labels; None where answers mean nothing."""

    part: Part
    encoder: Encoder
    inputs: Any
    labels: np.ndarray | None
    queries: int

    def on(self, engine: Engine) -> Call:
        """The part as a function of inputs, on an engine."""
        if self.part == "network":
            return engine.compile(self.network())
        held: Any = _Holder(self._detector()) if self.part == "detector" else self.encoder
        run = held.detector.detect if self.part == "detector" else held.encode
        swap = Swap(held, engine)

        def call(images: Any) -> Any:
            with swap:
                return run(images)

        return call

    def predict(self) -> Call | None:
        """`Model.predict` on a model of the same weights, or the package's detector; None for a whole encoder."""
        if self.part == "detector":
            from mtcnn import MTCNN

            smallest = self._detector()._cascade.min_face_size
            package = MTCNN()
            return lambda images: package.predict(list(images), min_face_size=smallest)
        if self.part != "network":
            return None
        import keras

        network = self.network()
        untouched = keras.Model(network.inputs, network.outputs)
        return lambda batch: untouched.predict(batch, batch_size=len(batch), verbose=0)

    def compare(self, engine: str, plain: Any, found: Any) -> Proof:
        """The proof of what an engine made of all inputs."""
        if self.part == "detector":
            return judge_faces(engine, plain, found)
        return judge_rows(engine, plain, found, self.labels, self.queries)

    @property
    def size(self) -> str:
        """Height x width of what the part is fed."""
        first = self.inputs[0]
        return "x".join(map(str, first.shape[:2]))

    def network(self) -> "keras.Model":
        """The one network of a part that is a network."""
        (network,) = networks_of(self.encoder)
        return network

    def _detector(self) -> FaceDetector:
        (detector,) = detectors_of(self.encoder)
        return detector


class _Holder:
    """Something that holds a detector, as an encoder does."""

    def __init__(self, detector: FaceDetector) -> None:
        self.detector = detector


def make_subject(part: Part, encoder: Encoder, sample: Sample, trained: bool) -> Subject:
    """Turn a sample's images into what the part is fed. Raises BenchmarkError where no image has a face."""
    labels = sample.labels if trained else None
    if part != "network":
        return Subject(part, encoder, sample.images, labels, sample.queries)
    if not isinstance(encoder, MtcnnFaceNet):
        return Subject(part, encoder, encoder.network_input(sample.images), labels, sample.queries)  # type: ignore[attr-defined]
    faces = encoder.detect(sample.images)
    crops = [main_face(image, found, encoder._side) for image, found in zip(sample.images, faces, strict=True)]
    seen = np.array([position for position, crop in enumerate(crops) if crop is not None], dtype=int)
    if not len(seen):
        raise BenchmarkError("no face was found in the sample: name a data set of faces with -d")
    inputs = encoder._scaling(np.stack([crop for crop in crops if crop is not None]))
    queries = int((seen < sample.queries).sum())
    return Subject(part, encoder, inputs, None if labels is None else labels[seen], queries)
