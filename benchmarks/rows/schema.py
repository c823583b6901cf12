"""The check of a value that was read from JSON against its definition: a TypedDict, and what may stand in one.

That is str, int, float (a whole number too), bool, None, list[...], dict[str, ...], unions of these, and TypedDicts.
Keys that a definition does not name hold whatever they like: plug-ins add their own.
"""

from functools import cache
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    NotRequired,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

_WORDS: dict[object, tuple[str, str]] = {
    str: ("text", "a text"),
    int: ("a whole number", "a whole number"),
    float: ("a number", "a number"),
    bool: ("yes or no", "yes or no (true or false)"),
    NoneType: ("nothing", "nothing (null)"),
    list: ("a list", "a list"),
    dict: ("a record", "a record"),
}
"""What a value of a type is called: where it is found, and where it is wanted."""
Row = TypeVar("Row")


def misfit(value: object, kind: object, where: str = "") -> str:
    """Why a value does not fit its definition, in one line that names the place; "" where it does.

    For example "latency.p50_ms: text where a number belongs". What is not there is for `missing` to say.
    """
    kind = _bare(kind)
    if kind is object or (type(value) in _plain(kind)):
        return ""
    if is_typeddict(kind) and isinstance(value, dict):
        each = _definition(kind)
        found = (misfit(value[name], each[name], _under(where, name)) for name in each if name in value)
        return next(filter(None, found), "")
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "" if value in parts else f"{where}: {value!r} where one of {', '.join(map(str, parts))} belongs"
    if origin is list and isinstance(value, list):
        return next(filter(None, (misfit(item, parts[0], f"{where}[{n}]") for n, item in enumerate(value))), "")
    if origin is dict and isinstance(value, dict):
        return next(filter(None, (misfit(item, parts[1], _under(where, name)) for name, item in value.items())), "")
    if origin in (Union, UnionType):
        said = [misfit(value, part, where) for part in parts]
        inner = [each for part, each in zip(parts, said, strict=True) if _shape(part) is type(value)]
        if not all(said):
            return ""
        if inner:
            return inner[0]
    return f"{where}: {_WORDS.get(type(value), (type(value).__name__,))[0]} where {_wanted(kind)} belongs"


def missing(value: object, kind: object, where: str = "") -> list[str]:
    """The keys that a record has to have and lacks, and those of the records within: "inputs.manifest"."""
    kind = _bare(kind)
    if not is_typeddict(kind) or not isinstance(value, dict):
        return []
    lacking = [_under(where, name) for name in sorted(kind.__required_keys__) if name not in value]  # type: ignore[attr-defined]
    for name, part in _definition(kind).items():
        if name in value:
            lacking += missing(value[name], part, _under(where, name))
    return lacking


@cache
def _definition(kind: Any) -> dict[str, object]:
    return get_type_hints(kind, include_extras=True)


def _bare(kind: object) -> object:
    return get_args(kind)[0] if get_origin(kind) in (NotRequired, Required) else kind


def _plain(kind: object) -> tuple[object, ...]:
    """The exact types of a value that fits without a look inside: True is no whole number here."""
    return (int, float) if kind is float else (kind,)


def _shape(kind: object) -> object:
    """The type of JSON value that a kind is one of."""
    return dict if is_typeddict(kind) else get_origin(kind) or kind


def _wanted(kind: object) -> str:
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_wanted(part) for part in get_args(kind))
    return _WORDS.get(_shape(kind), ("", str(kind)))[1]


def _under(where: str, name: object) -> str:
    return f"{where}.{name}" if where else str(name)
