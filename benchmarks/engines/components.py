"""What `engines` measures: networks alone, MTCNN alone, and the two together."""

from dataclasses import dataclass
from typing import Literal

from datasets.errors import UnknownNameError, suggest
from methods.registry import Registry

Part = Literal["network", "detector", "encoder"]


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
