"""A network that comes as a file - ONNX, or one that another module reads - run by OpenVINO on the CPU.

Nothing in the file is executed: it holds a graph of known operations, and the numbers. The engine is part of what a row
is: a network in 8-bit numbers comes out a little differently on another (SSCD on onnxruntime: cosine 0.979).
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from datasets.errors import WeightsError
from methods.networks.onnx_parts import external_files

if TYPE_CHECKING:
    import openvino

Pool = Literal["", "mean", "first"]
TYPES = {"u8": np.uint8, "f32": np.float32, "f16": np.float16}
"""Numbers that a network may be fed, by OpenVINO's names."""


class Fed(NamedTuple):
    """What a network is fed: `size` (height, width) in pixels, `channels`, where they stand, the type of a number."""

    size: tuple[int, int]
    channels: int
    first: bool
    """Channels before height and width (NCHW), or after them (NHWC)."""
    type: str

    def __str__(self) -> str:
        return (
            f"{self.type} {'NCHW' if self.first else 'NHWC'}, {self.size[0]}x{self.size[1]}, {self.channels} channels"
        )


class FileNetwork:
    """The network in `path`, for batches (n, height, width, channels) of any n; its rows are (n, dimension) float32.

    `model` is what stands in a `path` that is not ONNX. `size` (height, width) is needed where the file leaves them
    open. `output` names a tensor; the network's own output unless given. An output of more axes than two is read
    through `pool`: the "mean" over all places, or the "first".
    Raises WeightsError, in one line, for a file that cannot be read, or cannot be run so.
    """

    def __init__(
        self,
        path: Path,
        output: str = "",
        size: tuple[int, int] | None = None,
        pool: Pool = "",
        model: "openvino.Model | None" = None,
    ) -> None:
        self.path = path
        self._model = read(path) if model is None else model
        self.fed = _fed(self._model, size, path)
        self._model = cut(self._model, output, path)
        self._fix()
        shape = self._model.output(0).get_partial_shape()
        self.pool = pool
        if shape.is_dynamic:
            raise WeightsError(f"{path}: its output has the shape {shape}, open even for one image; export it fixed")
        self.dimension = self._dimension(tuple(shape.to_shape()))
        self._whole: openvino.InferRequest | None = None
        self._queue: openvino.AsyncInferQueue | None = None
        self._lock = threading.Lock()

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        """Rows (n, dimension) float32; images side by side, one to a thread: a row never depends on its neighbours."""
        batch = batch.astype(TYPES[self.fed.type], copy=False)
        if self.fed.first:
            batch = batch.transpose(0, 3, 1, 2)
        batch = np.ascontiguousarray(batch)
        rows = np.empty((len(batch), self.dimension), dtype=np.float32)
        with self._lock:
            try:
                self._fill(rows, batch)
            except RuntimeError as error:
                raise WeightsError(f"{self.path}: OpenVINO cannot run this network: {reason(error)}") from error
        return rows

    def _fill(self, rows: np.ndarray, batch: np.ndarray) -> None:
        if len(batch) > 1:
            self._side_by_side(batch, rows)
            return
        if self._whole is None:
            self._whole = self._compiled(1).create_infer_request()
        rows[0] = self._row(self._whole.infer([batch], share_inputs=True)[0])

    def _side_by_side(self, batch: np.ndarray, rows: np.ndarray) -> None:
        import openvino

        if self._queue is None:
            threads = _threads()
            self._queue = openvino.AsyncInferQueue(self._compiled(threads), threads)

        def keep(request: "openvino.InferRequest", place: int) -> None:
            rows[place] = self._row(request.get_output_tensor(0).data)

        self._queue.set_callback(keep)
        for place in range(len(batch)):
            self._queue.start_async([batch[place : place + 1]], place, share_inputs=True)
        self._queue.wait_all()

    def _row(self, output: np.ndarray) -> np.ndarray:
        if output.ndim == 2:
            return output[0]
        if output.ndim == 3:
            return output[0, 0] if self.pool == "first" else output[0].mean(axis=0)
        places = output[0].reshape(self.dimension, -1) if self.fed.first else output[0].reshape(-1, self.dimension).T
        return places[:, 0] if self.pool == "first" else places.mean(axis=1)

    def _dimension(self, shape: tuple[int, ...]) -> int:
        if len(shape) not in (2, 3, 4) or shape[0] != 1:
            raise WeightsError(f"{self.path}: its output has the shape {shape}, not a row an image; choose another")
        numbers = shape[1] if len(shape) == 2 or (len(shape) == 4 and self.fed.first) else shape[-1]
        places = int(np.prod(shape[1:])) // max(1, numbers)
        if places > 1 and self.pool not in ("mean", "first"):
            raise WeightsError(
                f"{self.path}: its output has {places} places of {numbers} numbers: say pool=mean or pool=first"
            )
        return int(numbers)

    def _fix(self) -> None:
        """One image at a time, of one size: what OpenVINO is fastest with."""
        height, width = self.fed.size
        shape = [1, self.fed.channels, height, width] if self.fed.first else [1, height, width, self.fed.channels]
        try:
            self._model.reshape(shape)
        except RuntimeError as error:
            raise WeightsError(
                f"{self.path} cannot be run on one image of {height}x{width}: {reason(error)}; "
                "give its own size, or export it with an open batch"
            ) from error

    def _compiled(self, streams: int) -> "openvino.CompiledModel":
        import openvino

        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": _threads(),
            "NUM_STREAMS": streams,
        }
        return openvino.Core().compile_model(self._model, "CPU", settings)


def read(path: Path) -> "openvino.Model":
    """The network in an ONNX file, by the reader of that format alone. Raises WeightsError for a file that is none."""
    from openvino.frontend import FrontEndManager

    for file in external_files(path):
        if not file.is_file():
            raise WeightsError(f"{path} keeps its numbers in {file.name}, which is not beside it: copy both")
    try:
        frontend = FrontEndManager().load_by_framework("onnx")
        return frontend.convert(frontend.load(str(path)))
    except Exception as error:  # OpenVINO's own kinds, none of which says more
        raise WeightsError(f"{path}: OpenVINO cannot read this network: {reason(error)}") from error


def _fed(model: "openvino.Model", size: tuple[int, int] | None, path: Path) -> Fed:
    """The contract of the network's input."""
    if len(model.inputs) != 1:
        names = ", ".join(_name(port) for port in model.inputs)
        raise WeightsError(f"{path} has {len(model.inputs)} inputs ({names}): only one fed images alone can be run")
    port = model.input(0)
    axes = port.get_partial_shape() if port.get_partial_shape().rank.is_static else ()
    shape = [None if axis.is_dynamic else axis.get_length() for axis in axes]
    type = port.get_element_type().get_type_name()
    if type not in TYPES:
        raise WeightsError(f"{path} is fed {type} numbers: export it for {', '.join(TYPES)}")
    places = [place for place in (1, 3) if len(shape) == 4 and shape[place] in (1, 3)]
    if len(places) != 1:
        shown = "x".join("?" if axis is None else str(axis) for axis in shape) or "?"
        raise WeightsError(f"{path} has an input of shape {shown}: no axis of 1 or 3 channels in NCHW or NHWC order")
    first = places[0] == 1
    own = (shape[2], shape[3]) if first else (shape[1], shape[2])
    if size is None and None in own:
        raise WeightsError(f"{path} leaves height and width open: say size=224, or whatever it was trained on")
    if size is not None and any(axis not in (None, asked) for axis, asked in zip(own, size, strict=True)):
        raise WeightsError(f"{path} is fed {own[0]}x{own[1]} pixels, not {size[0]}x{size[1]}: leave the size out")
    return Fed(size or own, shape[places[0]], first, type)  # type: ignore[arg-type]


def cut(model: "openvino.Model", output: str, path: Path) -> "openvino.Model":
    """`model` with the one output that is asked for."""
    import openvino

    if not output:
        if len(model.outputs) != 1:
            names = ", ".join(_name(port) for port in model.outputs)
            raise WeightsError(f"{path} has {len(model.outputs)} outputs ({names}): choose one with output=NAME")
        return model
    for node in model.get_ops():
        for port in node.outputs():
            if output == node.get_friendly_name() or output in port.get_names():
                return openvino.Model([port], model.get_parameters())
    names = ", ".join(_name(port) for port in model.outputs)
    raise WeightsError(f"{path} has no tensor called {output!r}; its outputs are {names}")


def _name(port: Any) -> str:
    return min(port.get_names(), default=port.get_node().get_friendly_name())


def _threads() -> int:
    import cv2

    return max(1, cv2.getNumThreads())


def reason(error: BaseException) -> str:
    """The line of an OpenVINO error that says something, shortened."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if "alloc" in str(error).lower():  # std::bad_alloc, or "Failed to allocate" behind which stands what was checked
        return "it asks for more memory than there is"
    telling = [line for line in lines if not line.startswith(("Exception from", "Check '"))] or lines
    return (telling[-1] if telling else type(error).__name__)[:160]
