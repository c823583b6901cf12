"""The text side of CLIP and its like: words in, a row in the space of the image side's rows out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.errors import WeightsError
from methods.installed import needs
from methods.networks.openvino_file import cut, read, reason
from methods.spec import TextSide
from methods.weights import require_weights

if TYPE_CHECKING:
    import openvino
    from tokenizers import Tokenizer

PACKAGES = ("openvino", "tokenizers")
_IDS, _MASK = "input_ids", "attention_mask"
_WHOLE_NUMBERS = {"i64": np.int64, "i32": np.int32}
_LARGEST = 200 * 2**20
"""Bytes of a tokenizer file; the largest in use have 35 MB."""


class TextNetwork:
    """An ONNX network fed token numbers (1, tokens), and an attention mask where it wants one.

    Raises WeightsError, in one line, where a package is missing, or a file is none, or the two do not go together.
    """

    def __init__(
        self, network: Path, tokenizer: Path, output: str = "", tokens: int = TextSide.tokens, lower: bool = False
    ) -> None:
        if missing := needs(PACKAGES):
            raise WeightsError(f"queries in words: {missing}")
        model = read(network)
        fixed = _inputs(model, network)
        model = cut(model, output, network)
        shape = model.output(0).get_partial_shape()
        if shape.rank.is_dynamic or len(shape) != 2 or shape[1].is_dynamic:
            raise WeightsError(f"{network}: its output has the shape {shape}, not one row a text; choose another")
        self.dimension = shape[1].get_length()
        self._lower = lower
        self._tokenizer = _tokenizer(tokenizer, fixed or tokens, pads=fixed is not None)
        self._run = _compiled(model, network)
        self._types = {port.get_any_name(): _WHOLE_NUMBERS[_type(port)] for port in model.inputs}
        self._name = network

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Rows (n, dimension) float32; raises WeightsError where the network cannot be run on one text."""
        rows = np.empty((len(texts), self.dimension), dtype=np.float32)
        for place, text in enumerate(texts):
            found = self._tokenizer.encode(text.lower() if self._lower else text)
            fed = {
                name: np.array([found.attention_mask if _MASK in name else found.ids], dtype=type)
                for name, type in self._types.items()
            }
            try:
                rows[place] = self._run(fed)[0][0]
            except RuntimeError as error:
                raise WeightsError(f"{self._name} cannot be run on one text: {reason(error)}") from error
        return rows


def text_network(side: TextSide, weights_dir: Path | None) -> TextNetwork:
    """The network of a text side. Raises WeightsError where a file is not here, or cannot be used."""
    network, tokenizer = (
        require_weights(name, weights_dir).path if isinstance(name, str) else name
        for name in (side.network, side.tokenizer)
    )
    return TextNetwork(network, tokenizer, side.output, side.tokens, side.lower)


def _inputs(model: "openvino.Model", path: Path) -> int | None:
    """How many tokens the network takes, None where that is open; raises WeightsError for other inputs than tokens."""
    names = {port.get_any_name(): port for port in model.inputs}
    ids = [name for name in names if _IDS in name]
    other = [name for name, port in names.items() if _type(port) not in _WHOLE_NUMBERS or not _known(name)]
    if len(ids) != 1 or other:
        raise WeightsError(f"{path} is fed {', '.join(names) or 'nothing'}: a text network takes {_IDS} and {_MASK}")
    shape = names[ids[0]].get_partial_shape()
    if shape.rank.is_dynamic or len(shape) != 2:
        raise WeightsError(f"{path} is fed {_IDS} of shape {shape}, not (texts, tokens)")
    return None if shape[1].is_dynamic else shape[1].get_length()


def _known(name: str) -> bool:
    return _IDS in name or _MASK in name


def _type(port: Any) -> str:
    return port.get_element_type().get_type_name()


def _tokenizer(path: Path, tokens: int, pads: bool) -> "Tokenizer":
    """The tokenizer of a tokenizer.json, its own padding kept; to a network of fixed width it pads in any case."""
    from tokenizers import Tokenizer

    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            raise WeightsError(f"{path} is no tokenizer.json: name the one that was published with the network")
        found = Tokenizer.from_file(str(path))
    except WeightsError:
        raise
    except Exception as error:  # whatever the reader raises for a file that is none
        raise WeightsError(f"{path} cannot be read as a tokenizer.json ({reason(error)})") from error
    found.enable_truncation(tokens)
    if pads and found.padding is None:
        found.enable_padding(length=tokens)
    elif found.padding and found.padding.get("length"):
        found.enable_padding(**{**found.padding, "length": tokens})
    return found


def _compiled(model: "openvino.Model", path: Path) -> "openvino.CompiledModel":
    import openvino

    try:
        return openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    except RuntimeError as error:
        raise WeightsError(f"{path}: OpenVINO cannot run this network: {reason(error)}") from error
