"""Whether a catalogue entry is one: checked when it is registered, so that nothing trips over it later."""

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import get_args

from datasets.safe_text import JOINERS, printable
from methods.onnx_methods import is_onnx
from methods.spec import Family, InputContract, MethodSpec, Part, Task

LONGEST_ID = 80
LONGEST_PATH = 240
"""Of an id that names a file, and may hold its settings."""
LONGEST_TEXT = 1000
_MODULE = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
_TARGET = re.compile(r"[\w.]+:[\w.]+")
_NO_JOINERS = dict.fromkeys(map(ord, JOINERS))


def problem_of(spec: MethodSpec, tasks: Collection[str] = ()) -> str:
    """What is wrong with an entry, in words that follow its id; "" for nothing. `tasks` are those of plug-ins."""
    return next(_problems(spec, (*get_args(Task), *tasks)), "")


def id_problem(method_id: object) -> str:
    """What is wrong with a method's id; "" for nothing. Letters of any script, spaces and slashes are fine."""
    if not isinstance(method_id, str) or not method_id:
        return f"the id is {method_id!r}, expected a text"
    longest = LONGEST_PATH if is_onnx(method_id) else LONGEST_ID
    if len(method_id) > longest:
        return f"the id has {len(method_id)} characters, {longest} at most are allowed"
    if not without_joiners(method_id).isprintable() or method_id != method_id.strip() or method_id[0] in JOINERS:
        return "the id has control characters, or spaces at an end"
    if method_id[0] == "-" or "@" in method_id:
        return "the id begins with - or has an @, which mean something else on the command line"
    return ""


def without_joiners(text: str) -> str:
    """The text without what joins letters and signs invisibly, as in emoji and in Persian."""
    return text.translate(_NO_JOINERS)


def _problems(spec: MethodSpec, tasks: Collection[str]) -> Iterator[str]:
    if wrong := id_problem(spec.id):
        yield wrong
    if spec.family not in get_args(Family):
        yield f"its family {spec.family!r} is none of {', '.join(get_args(Family))}"
    for name in ("tasks", "weights", "requires", "transforms", "files"):
        if not isinstance(getattr(spec, name), tuple | list):
            yield f"its {name} are {getattr(spec, name)!r}, expected a tuple"
    for task in spec.tasks:
        if task not in tasks:
            yield f"its task {task!r} is none of {', '.join(tasks)}"
    for name in ("summary", "source", "reference"):
        text = getattr(spec, name)
        if not isinstance(text, str) or len(text) > LONGEST_TEXT or printable(text) != text:
            yield f"its {name} is no text of one line and at most {LONGEST_TEXT} characters"
    for name in ("supervised", "learns", "network_in_file"):
        if not isinstance(getattr(spec, name), bool):
            yield f"its {name} is {getattr(spec, name)!r}, expected True or False"
    if not isinstance(spec.input, InputContract | None):
        yield f"its input is {spec.input!r}, expected an InputContract"
    if not all(isinstance(name, str) for name in (*spec.weights, *spec.requires)):
        yield "its weights and requires are no names"
    if odd := [name for name in spec.requires if not _MODULE.fullmatch(name)]:
        yield f"it requires {odd[0]!r}, which is no name of a package"
    if not all(isinstance(name, str | Path) for name in spec.files):
        yield "its files are no paths"
    if spec.content not in ("any", "faces"):
        yield f"its content is {spec.content!r}, expected any or faces"
    if spec.method is None and (spec.encoder is None or spec.index is None):
        yield "it has neither a method nor an encoder with an index"
    for part in (spec.method, spec.encoder, *spec.transforms, spec.index):
        if part is not None:
            yield from _part_problems(part)


def _part_problems(part: object) -> Iterator[str]:
    if not isinstance(part, Part):
        yield f"it is made of {part!r}, expected a Part"
    elif not callable(part.target) and not (isinstance(part.target, str) and _TARGET.fullmatch(part.target)):
        yield f"the target {part.target!r} is neither a class nor module:Class"
    else:
        try:
            params = dict(part.params)
            if not all(isinstance(name, str) for name in params):
                raise TypeError("a name among them is no text")
            json.dumps(params, default=_named, allow_nan=False)
        except (TypeError, ValueError) as error:
            yield f"the parameters of {part.target} are not plain values ({error})"


def _named(value: object) -> str:
    if isinstance(value, Path) or hasattr(value, "__qualname__"):
        return str(value)
    raise TypeError(f"{type(value).__name__} is none")
