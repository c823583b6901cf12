"""`python -m tests.fuzz --inputs 100000 --seed 1`: damaged files read as the project reads them.

Every input is a valid file after one to four mutations (see mutations.py), chosen by the seed and its number, so that
`--only NUMBER` reads it again, but for what differs from run to run in the valid files (dates, paths). A reader may
return, or raise a BenchmarkError; anything else is a fault: another exception, one that takes longer than SECONDS, a
process that dies. Each process may have MEMORY of address space beyond what it has once all is imported. Ends with 1
where there is a fault.
"""

import argparse
import logging
import multiprocessing
import os
import platform
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
SECONDS = 10
"""Of processor time for one input: a machine that does something else makes no hang."""
MEMORY = 2 << 30
_STUCK = 60 * SECONDS
"""Seconds after which a process is killed that waits, or hears no alarm."""
_SHOWN = 40
_HEAD = (
    "# Damaged files",
    "",
    "Written by `python -m tests.fuzz --markdown` with the options below. Each input is a valid file after one to",
    "four seeded mutations, read as the project reads it. *read*: the reader returned, with what is intact or nothing;",
    "*refused*: one line that says what is wrong; any other exception, a hang, or a process that dies is a fault.",
    "Times were taken beside other work and are upper bounds.",
    "",
)


class Hang(BaseException):
    """An input takes too long."""


def main() -> int:
    """Make a run to damage, read the inputs in processes side by side, print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--markdown", type=Path, help="write what is printed as a page, too")
    parser.add_argument("--only", type=int, help="read this one input alone, with its traceback")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        start = time.monotonic()
        place = Path(folder)
        _make_run(place)
        making = time.monotonic() - start
        if asked.only is not None:
            return _one(place, asked.seed, asked.only)
        tallies = _all(place, asked.inputs, asked.seed, asked.processes)
    lines, code = _summary(tallies, asked, making, time.monotonic() - start)
    print("\n".join(lines))
    if asked.markdown is not None:
        asked.markdown.write_text("\n".join([*_HEAD, "```", *lines, "```", ""]), encoding="utf-8")
    return code


def _make_run(place: Path) -> None:
    """A folder of labelled images, and what `run` leaves of it."""
    rng = np.random.default_rng(7)
    for label in range(3):
        (place / "photos" / f"label{label}").mkdir(parents=True)
        for number in range(4):
            pixels = rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(place / "photos" / f"label{label}" / f"{number}.png")
    command = ["run", "-m", "pixels", "-d", f"folder:{place / 'photos'}", "--subset", "smoke", "--task", "retrieval"]
    command = [sys.executable, "-m", "benchmarks", *command, "--out", str(place / "run")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"no run to damage:\n{done.stdout}{done.stderr}")


def _all(place: Path, inputs: int, seed: int, processes: int) -> list[dict[str, Any]]:
    """What each process found; one that dies is a fault of its input, and another goes on after that."""
    context = multiprocessing.get_context("spawn")
    waiting = [(number, number) for number in range(processes)]  # (part, first input)
    running: dict[Any, tuple[int, Connection, Any, list[float]]] = {}
    tallies: list[dict[str, Any]] = []
    while waiting or running:
        for part, first in waiting:
            ours, theirs = context.Pipe(duplex=False)
            at = context.Value("q", first)
            work = (place, str(place / f"part-{part}-{first}"), seed, range(first, inputs, processes), at, theirs)
            process = context.Process(target=_work, args=work)
            process.start()
            theirs.close()
            running[process] = (part, ours, at, [first, time.monotonic()])
        waiting = []
        for process, (part, ours, at, seen) in list(running.items()):
            if ours.poll(0.2):
                try:
                    tallies.append(ours.recv())
                    process.join()
                    del running[process]
                    continue
                except EOFError:
                    process.join()
            if at.value != seen[0]:
                seen[:] = [at.value, time.monotonic()]
            stuck = time.monotonic() - seen[1] > _STUCK
            if not process.is_alive() or stuck:
                process.kill()
                process.join()
                how = "hangs" if stuck else f"its process ended with {process.exitcode}"
                tallies.append({"faults": {(at.value, how): 1}})
                waiting.append((part, at.value + processes))
                del running[process]
    return tallies


def _work(place: Path, own: str, seed: int, numbers: range, at: "Synchronized[int]", found: Connection) -> None:
    """Read the inputs of these numbers, and send what came of them."""
    logging.disable(logging.CRITICAL)  # that a file is damaged is said in words
    chosen = _ready(place, Path(own))
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    space = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (space + MEMORY, space + MEMORY))
    signal.signal(signal.SIGPROF, _alarm)
    read, refused = Counter[str](), Counter[str]()
    slowest: dict[str, float] = {}
    faults: dict[tuple[int, str], int] = {}
    where: dict[str, int] = {}
    for number in numbers:
        at.value = number
        kind, data = _input(chosen, seed, number)
        start = time.perf_counter()
        fault = _read(kind, data)
        slowest[kind.name] = max(slowest.get(kind.name, 0.0), time.perf_counter() - start)
        (refused if fault == "refused" else read)[kind.name] += 1
        if fault not in ("", "refused"):
            first = where.setdefault(f"{kind.name}: {fault}", number)
            faults[first, f"{kind.name}: {fault}"] = faults.get((first, f"{kind.name}: {fault}"), 0) + 1
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10) - used
    found.send({"read": read, "refused": refused, "slowest": slowest, "faults": faults, "peak": peak})


def _ready(place: Path, own: Path) -> list[Any]:
    from tests.fuzz.kinds import kinds

    own.mkdir()
    return kinds(own, place / "run", place / "photos")


def _input(chosen: list[Any], seed: int, number: int) -> tuple[Any, bytes]:
    from tests.fuzz.mutations import mutated

    rng = random.Random(f"{seed}-{number}")
    kind = rng.choices(chosen, [each.weight for each in chosen])[0]
    return kind, mutated(rng, rng.choice(kind.examples), kind.examples)


def _read(kind: Any, data: bytes) -> str:
    """ "" where the file was read, "refused", or the fault in one line; the file is whole again afterwards."""
    from datasets.errors import BenchmarkError

    kind.path.write_bytes(data)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        kind.read()
    except BenchmarkError as error:
        return "refused" if "\n" not in str(error) else f"an error of several lines: {str(error)!r}"[:200]
    except (Exception, Hang) as error:
        last = next((f for f in reversed(traceback.extract_tb(error.__traceback__)) if str(ROOT) in f.filename), None)
        place = f"{Path(last.filename).relative_to(ROOT)}:{last.lineno}" if last else "?"
        return f"{type(error).__name__} at {place}: {' '.join(str(error).split())[:100]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        kind.path.write_bytes(kind.examples[0])
    return ""


def _alarm(number: int, frame: object) -> None:
    raise Hang


def _one(place: Path, seed: int, number: int) -> int:
    kind, data = _input(_ready(place, place / "one"), seed, number)
    print(f"input {number}: {kind.name}, {len(data):,} bytes")
    kind.path.write_bytes(data)
    kind.read()
    return 0


def _summary(
    tallies: list[dict[str, Any]], asked: argparse.Namespace, making: float, seconds: float
) -> tuple[list[str], int]:
    """The table and the faults in lines, and the exit code."""
    read, refused = Counter[str](), Counter[str]()
    slowest: dict[str, float] = {}
    faults: dict[tuple[int, str], int] = {}
    for tally in tallies:
        read += tally.get("read", Counter())
        refused += tally.get("refused", Counter())
        faults |= tally["faults"]
        for name, value in tally.get("slowest", {}).items():
            slowest[name] = max(slowest.get(name, 0.0), value)
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True)
    total, peak = (read + refused).total(), max((tally.get("peak", 0) for tally in tallies), default=0) / 2**20
    lines = [
        f"python -m tests.fuzz --inputs {asked.inputs} --seed {asked.seed} --processes {asked.processes}",
        f"commit {commit.stdout.strip() or 'unknown'}; {_machine()}; Python {platform.python_version()}",
        "",
        f"{'kind of file':<42}{'inputs':>8}{'read':>8}{'refused':>9}{'slowest, ms':>13}",
        *(_row(name, read[name], refused[name], slowest[name]) for name in sorted(slowest)),
        _row("all", read.total(), refused.total(), max(slowest.values(), default=0)),
        "",
        f"{sum(faults.values())} faults; {seconds:.0f} s, {making:.0f} of them for the run that is damaged; "
        f"largest growth of a process {peak:,.0f} MiB",
        *(f"  --only {number}: {fault} ({count} times)" for (number, fault), count in sorted(faults.items())[:_SHOWN]),
    ]
    return lines, 1 if faults or total + len(faults) < asked.inputs else 0


def _row(name: str, read: int, refused: int, slowest: float) -> str:
    return f"{name:<42}{read + refused:>8,}{read:>8,}{refused:>9,}{1e3 * slowest:>13,.0f}"


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    return f"{model}, {len(os.sched_getaffinity(0))} cores"
