"""`onnx:FILE`: a method for any network in an ONNX file, without code. Settings: in the id, or in a TOML beside it.

"onnx:model.onnx,size=224,mean=123.7/116.3/103.5,std=58.4/57.1/57.4" and "onnx:model.onnx" with a "model.toml" of
`size = 224` and so on are the same; what stands in the id comes first.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets.errors import UnknownNameError, WeightsError, suggest
from datasets.reading import expanded, require_regular
from methods.networks.onnx_parts import external_files
from methods.spec import InputContract, MethodSpec, Part, TextSide

PREFIX = "onnx:"
METRICS = ("cosine", "l2")
SETTINGS: Mapping[str, str] = {
    "size": "pixels, as 224 or 288x160 (height x width)",
    "mean": "grey levels of 0 to 255, one or one a channel, as 123.7/116.3/103.5",
    "std": "grey levels, as mean",
    "colour": "RGB, BGR or grey",
    "fit": "stretch or crop",
    "output": "the name of a tensor",
    "pool": "mean or first, for an output of many places",
    "metric": "cosine or l2",
    "text": "the ONNX file of its text side, for queries in words",
    "tokenizer": "the tokenizer.json of its text side",
    "text_output": "the name of a tensor of the text side",
    "tokens": "how many tokens a text may have, as 77",
    "lower": "yes or no: whether the text side was trained on small letters",
    "sha256": "64 hexadecimal digits, which the file must have",
}
"""What may be set, and how it is written."""

_SETTING = re.compile(r",([a-z0-9_]+)=([^,]*)")
_SHA256 = re.compile("[0-9a-f]{64}")


def is_onnx(method_id: str) -> bool:
    """Whether an id names an ONNX file."""
    return method_id.startswith(PREFIX)


def parted(text: str) -> tuple[str, str]:
    """A method's id and what follows it behind a colon, which an id has where it names an ONNX file; "" for nothing.

    The shortest beginning whose file is there is the id, up to the next colon where none is.
    """
    if not is_onnx(text):
        method_id, _, rest = text.partition(":")
        return method_id, rest
    pieces = text.removeprefix(PREFIX).split(":")
    ids = [":".join(pieces[:count]) for count in range(1, len(pieces) + 1)]
    named = next((each for each in ids if expanded(_split(each)[0]).is_file()), ids[0])
    return PREFIX + named, text[len(PREFIX + named) + 1 :]


def onnx_method(method_id: str) -> MethodSpec:
    """The method that the id stands for; the network itself is not read yet (see methods.onnx_check).

    Raises WeightsError where the file, or the TOML beside it, is not there or not readable, and UnknownNameError for an
    unknown setting; each says what to write instead.
    """
    name, given = _split(method_id.removeprefix(PREFIX))
    path = expanded(name)
    if not path.is_file():
        raise WeightsError(f"{method_id}: there is no file {path}; write onnx:FILE, settings after commas")
    beside = path.with_suffix(".toml")
    settings = {key: _value(key, text, method_id) for key, text in {**_of_toml(beside), **given}.items()}
    metric = settings.pop("metric", "cosine")
    path = path.resolve()
    text = _text_side(settings, path, method_id)
    if "sha256" in settings:
        _require_sha256(path, settings.pop("sha256"))
    return MethodSpec(
        id=method_id,
        family="embedding",
        summary=f"{path.name} on OpenVINO, {metric}",
        source="an ONNX file of the user's",
        encoder=Part("methods.encoders.onnx_network:OnnxNetwork", {"model": path, **settings}),
        index=Part("methods.indexes.exact:ExactIndex", {"metric": metric}),
        input=InputContract(settings.get("size"), settings.get("colour", "RGB"), _scaling(settings)),
        tasks=("retrieval", "robustness", "verification"),
        files=(path, beside.absolute(), *external_files(path)),
        text=text,
        requires=("openvino", "cv2"),
    )


def _split(text: str) -> tuple[str, dict[str, str]]:
    """File and settings; the longest beginning that is a file is the file, whatever commas are in its name."""
    found = list(_SETTING.finditer(text))
    ends = [len(text)]
    for match in reversed(found):
        if match.end() != ends[-1]:
            break
        ends.append(match.start())
    end = next((end for end in ends if expanded(text[:end]).is_file()), ends[-1])
    return text[:end], {match[1]: match[2] for match in found if match.start() >= end}


def _of_toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} cannot be read ({error}); correct or remove it") from error


def _value(key: str, value: Any, where: str) -> Any:
    """A setting as OnnxNetwork takes it, from the id's text or the TOML's value."""
    if key not in SETTINGS:
        raise UnknownNameError(f"{where}: {suggest('setting', key, SETTINGS)}")
    try:
        if key == "size":
            return _size(value)
        if key in ("mean", "std"):
            numbers = value.split("/") if isinstance(value, str) else value if isinstance(value, list) else [value]
            return tuple(float(number) for number in numbers)
        if key == "tokens":
            return _at_least_one(value)
        if key == "lower":
            return _YES_OR_NO[value]
        if not isinstance(value, str) or not value or (key == "metric" and value not in METRICS):
            raise ValueError
        if key == "sha256" and not _SHA256.fullmatch(value.lower()):
            raise ValueError
    except (TypeError, ValueError, KeyError) as error:
        raise WeightsError(f"{where}: {key} is {value!r}; write {SETTINGS[key]}") from error
    return value


def _text_side(settings: dict[str, Any], model: Path, where: str) -> TextSide | None:
    """What of the settings is about queries in words, taken out of them; files are looked for beside the model too."""
    own = {new: settings.pop(old) for old, new in _TEXT.items() if old in settings}
    if not own:
        return None
    if not {"network", "tokenizer"} <= own.keys():
        raise WeightsError(f"{where}: queries in words need both text={SETTINGS['text']} and a tokenizer=FILE")
    for key in ("network", "tokenizer"):
        path = Path(own[key]).expanduser()
        own[key] = (path if path.is_file() else model.parent / path).resolve()
        if not own[key].is_file():
            raise WeightsError(f"{where}: there is no file {path}, here or in {model.parent}")
    return TextSide(**own)


def _require_sha256(path: Path, wanted: str) -> None:
    try:
        require_regular(path)
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}; check its place and permissions") from error
    if actual != wanted.lower():
        raise WeightsError(f"{path} has sha256 {actual}, not {wanted.lower()}: fetch it again, or correct the setting")


def _size(value: Any) -> tuple[int, int]:
    sides = value.split("x") if isinstance(value, str) else value if isinstance(value, list) else [value]
    height, width = (int(side) for side in (sides * 2 if len(sides) == 1 else sides))
    return _at_least_one(height), _at_least_one(width)


def _at_least_one(value: Any) -> int:
    number = int(value)
    if number < 1:
        raise ValueError
    return number


def _scaling(settings: Mapping[str, Any]) -> str:
    if "mean" not in settings and "std" not in settings:
        return "0-255"
    mean, std = ("/".join(f"{number:g}" for number in settings.get(name, default)) for name, default in _PLAIN)
    return f"(x - {mean}) / {std}"


_YES_OR_NO = {"yes": True, "no": False, True: True, False: False}
_TEXT = {"text": "network", "tokenizer": "tokenizer", "text_output": "output", "tokens": "tokens", "lower": "lower"}
"""Settings of the text side, and what TextSide calls them."""
_PLAIN = (("mean", (0.0,)), ("std", (1.0,)))
