"""Which methods an engine can be put into."""

from benchmarks.devices import KERAS_BACKENDS
from methods.spec import MethodSpec


def has_engines(spec: MethodSpec, device: str, keras_backend: str) -> bool:
    """Engines are for frozen networks on the CPU: a composed method whose encoder is Keras', on TensorFlow."""
    frozen = spec.encoder is not None and "keras" in spec.requires
    return frozen and device == "cpu" and keras_backend == KERAS_BACKENDS[0]
