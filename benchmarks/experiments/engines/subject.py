"""What `engines` measures (networks alone, MTCNN alone, the two together), each ready to be run on any engine.

A subject holds a component's inputs, its calls, and how its results are compared.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from benchmarks.execution.equivalence.check import EquivalenceCheck, judge_faces, judge_rows
from benchmarks.execution.equivalence.sample import Sample
from datasets.errors import BenchmarkError, UnknownNameError, suggest
from methods.contracts import Encoder
from methods.encoders.facenet import MtcnnFaceNet
from methods.engines.contract import Engine
from methods.engines.swap import Swap, detectors_of, networks_of
from methods.faces.alignment import main_face
from methods.faces.detection import FaceDetector
from methods.registry import Registry

if TYPE_CHECKING:
    import keras

Part = Literal["network", "detector", "encoder"]
PREDICT = "predict"
"""As most people call it: `Model.predict` of the model as it was made, `predict` of the package `mtcnn`."""

Call = Callable[[Any], Any]


@dataclass(frozen=True)
class Component:
    """A part of a catalogue method's encoder: its network on ready inputs, its face detector, or all of it."""

    name: str
    method: str
    part: Part


COMPONENTS = {
    component.name: component
    for component in (
        Component("resnet50", "resnet50", "network"),
        Component("vgg16", "vgg16-fc1", "network"),
        Component("inceptionresnetv2", "inceptionresnetv2-pooled", "network"),
        Component("efficientnetv2l", "efficientnetv2l-pooled", "network"),
        Component("mobilenetv2", "mobilenetv2", "network"),
        Component("efficientnet-lite0", "efficientnet-lite0", "network"),
        Component("facenet", "mtcnn-facenet", "network"),
        Component("mtcnn", "mtcnn-facenet", "detector"),
        Component("mtcnn + facenet", "mtcnn-facenet", "encoder"),
    )
}


def components(names: list[str] | None, registry: Registry) -> list[Component]:
    """Those called `names`, all of COMPONENTS unless given; a method's id stands for its whole encoder.

    Raises UnknownNameError for anything else, and for a method without a network that an engine can run.
    """
    if not names:
        return list(COMPONENTS.values())
    methods = {spec.id for spec in registry if spec.encoder is not None and "keras" in spec.requires}
    for name in names:
        if name not in COMPONENTS and name not in methods:
            raise UnknownNameError(suggest("network", name, [*COMPONENTS, *sorted(methods)]))
    return [COMPONENTS.get(name) or Component(name, name, "encoder") for name in names]


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

    def compare(self, engine: str, plain: Any, found: Any) -> EquivalenceCheck:
        """The check of what an engine made of all inputs."""
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
