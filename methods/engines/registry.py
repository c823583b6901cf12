"""Every engine, by name, the usually fastest first."""

from datasets.errors import suggest
from methods.engines.contract import Engine, EngineError

PLAIN = "keras"
"""The engine that encoders run on unless another is put in."""
AUTO = "auto"
"""Asks for the first engine that passes its check and is faster than plain Keras."""

_CASCADE = "methods.engines.openvino_cascade:OpenVinoCascade"

_ENGINES = (
    Engine(
        "openvino-bf16",
        "OpenVINO in bfloat16, MTCNN in float32",
        "methods.engines.openvino_network:bfloat16",
        cascade=_CASCADE,
        package="openvino",
        bfloat16=True,
    ),
    Engine(
        "openvino",
        "OpenVINO in float32",
        "methods.engines.openvino_network:float32",
        cascade=_CASCADE,
        package="openvino",
    ),
    Engine("graph", "TensorFlow's graph with the weights frozen into it", "methods.engines.frozen_graph:forward"),
    Engine(PLAIN, "Keras' own forward pass, without XLA", "methods.engines.keras_network:forward"),
)

ENGINES = {engine.name: engine for engine in _ENGINES}


def get_engine(name: str) -> Engine:
    """The engine called `name`; raises EngineError with the nearest names."""
    if name not in ENGINES:
        raise EngineError(suggest("engine", name, (*ENGINES, AUTO)))
    return ENGINES[name]


def check_engine(asked: str) -> str:
    """`asked` if it is AUTO, empty, or an engine that can run here; raises EngineError with what to do otherwise."""
    if asked not in ("", AUTO):
        get_engine(asked).require()
    return asked
