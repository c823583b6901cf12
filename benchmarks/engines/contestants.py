"""What `engines` measures: networks alone, MTCNN alone, and the two together."""

from dataclasses import dataclass
from typing import Literal

from datasets.errors import UnknownNameError, suggest
from methods.registry import Registry

Part = Literal["network", "detector", "encoder"]


@dataclass(frozen=True)
class Contestant:
    """A part of a catalogue method's encoder: its network on ready inputs, its face detector, or all of it."""

    name: str
    method: str
    part: Part


CONTESTANTS = {
    contestant.name: contestant
    for contestant in (
        Contestant("resnet50", "resnet50", "network"),
        Contestant("vgg16", "vgg16-fc1", "network"),
        Contestant("inceptionresnetv2", "inceptionresnetv2-pooled", "network"),
        Contestant("efficientnetv2l", "efficientnetv2l-pooled", "network"),
        Contestant("mobilenetv2", "mobilenetv2", "network"),
        Contestant("efficientnet-lite0", "efficientnet-lite0", "network"),
        Contestant("facenet", "mtcnn-facenet", "network"),
        Contestant("mtcnn", "mtcnn-facenet", "detector"),
        Contestant("mtcnn + facenet", "mtcnn-facenet", "encoder"),
    )
}


def contestants(names: list[str] | None, registry: Registry) -> list[Contestant]:
    """Those called `names`, all of CONTESTANTS unless given; a method's id stands for its whole encoder.

    Raises UnknownNameError for anything else, and for a method without a network that an engine can run.
    """
    if not names:
        return list(CONTESTANTS.values())
    methods = {spec.id for spec in registry if spec.encoder is not None and "keras" in spec.requires}
    for name in names:
        if name not in CONTESTANTS and name not in methods:
            raise UnknownNameError(suggest("network", name, [*CONTESTANTS, *sorted(methods)]))
    return [CONTESTANTS.get(name) or Contestant(name, name, "encoder") for name in names]
