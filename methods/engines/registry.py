"""Every engine, by name, the usually fastest first."""

from methods.engines.contract import Engine, EngineError
from datasets.errors import suggest

PLAIN = "keras"
"""The engine that encoders run on unless another is put in."""

_ENGINES = (
    Engine(
        "openvino-bf16",
        "OpenVINO in bfloat16, MTCNN in float32",
        "methods.engines.openvino_network:bfloat16",
        cascade="methods.engines.openvino_cascade:OpenVinoCascade",
        package="openvino",
        bfloat16=True,
    ),
    Engine(
        "openvino",
        "OpenVINO in float32",
        "methods.engines.openvino_network:float32",
        cascade="methods.engines.openvino_cascade:OpenVinoCascade",
        package="openvino",
    ),
    Engine("graph", "TensorFlow's graph with its weights frozen into it", "methods.engines.frozen_graph:forward"),
    Engine(PLAIN, "Keras' own forward pass, without XLA", "methods.engines.keras_network:forward"),
)

ENGINES = {engine.name: engine for engine in _ENGINES}


def get_engine(name: str) -> Engine:
    """The engine called `name`; raises EngineError with the nearest names."""
    if name not in ENGINES:
        raise EngineError(suggest("engine", name, ENGINES))
    return ENGINES[name]
