"""Damage to a valid file: bits flipped, ends cut, pieces moved, grown, swapped; JSON of another shape."""

import copy
import json
import random
from collections.abc import Sequence
from typing import Any

_NUMBERS = (0, 1, 2, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, 2**32 - 1, 2**63 - 1)
_WORST = 1 << 20
"""Bytes that a mutation may add."""
_ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1e308,
    2**70,
    "",
    "x" * 5000,
    "\ud800",
    "\x1b[2J",
    [],
    {},
    [[[[]]]],
    {"a": {}},
)


def mutated(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """`data` after one to four mutations; `others` are valid files of the same kind."""
    if data[:1] == b"{" and rng.random() < 0.4:
        return _reshaped(rng, data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice((_flip, _flip, _cut, _overwrite, _grow, _move, _splice))(rng, data, others)
    return data


def _flip(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(min(rng.choice((1, 1, 2, 8, 64)), len(changed))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    return rng.choice((data[:at], data[: -rng.randrange(1, 20)], data[at:], data[:at] + data[at + rng.randrange(64) :]))


def _overwrite(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A number that lengths and counts stumble over, often near the beginning, where headers are."""
    size = rng.choice((1, 2, 4, 8))
    number = (rng.choice(_NUMBERS) % 256**size).to_bytes(size, rng.choice(("little", "big")))
    at = rng.randrange(min(len(data), rng.choice((64, 512, 1 << 30))) + 1)
    return data[:at] + number + data[at + size :]


def _grow(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    at, size = rng.randrange(len(data) + 1), rng.choice((1, 16, 300, 5000))
    piece = rng.choice((bytes(size), rng.randbytes(size), data[at : at + size] * rng.choice((1, 2, 50))))
    return data[:at] + piece[:_WORST] + data[at:]


def _move(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    a, b, c = sorted(rng.randrange(len(data) + 1) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def _splice(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def _reshaped(rng: random.Random, data: bytes) -> bytes:
    """JSON whose checksum is often gone, as in a file of an older version, and whose values are of other kinds."""
    document = json.loads(data)
    if rng.random() < 0.8:
        document.pop("checksum", None)
    for _ in range(rng.choice((1, 1, 2, 3))):
        holder = document
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(holder[key], dict | list) and rng.random() < 0.6:
                holder = holder[key]
                continue
            _change(rng, holder, key)
            break
    return json.dumps(document).encode()


def _change(rng: random.Random, holder: Any, key: Any) -> None:
    way = rng.randrange(4)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, dict):
        holder[str(key)[::-1]] = holder.pop(key)
    elif way == 2:
        holder[key] = [holder[key]]
    else:
        holder[key] = copy.deepcopy(rng.choice(_ODD))  # the next change may be within it
