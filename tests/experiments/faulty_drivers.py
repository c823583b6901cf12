"""Each experiment over faulty methods, as its command runs it: rows by deed."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.experiments.frame import Frame
from benchmarks.experiments.settings import Settings
from benchmarks.launch import prepare
from benchmarks.store import Store
from methods.registry import load_registry

PLUGIN = Path(__file__).parents[1] / "plugins" / "faulty.py"


def frame(out: Path, rows_of, **settings) -> Frame:
    store = Store(out)
    store.require_writable()
    prepare((), 1, out / "imports.log")
    chosen = Settings(plugins=(PLUGIN,), threads=1, **settings)
    return Frame(chosen, load_registry([PLUGIN]), store, rows_of(out), say=lambda line: None)


def engines(photos: Path, out: Path, deeds: Sequence[str], **settings):
    from benchmarks.engines.kept import engine_rows
    from benchmarks.engines.session import Asked, measure

    names = [f"network-{deed}" for deed in deeds]
    asked = Asked(names, ("keras",), (f"folder:{photos}", "full"), batch=2, rounds=2, seconds=0.1)
    rows = measure(asked, frame(out, engine_rows, **settings))
    return dict(zip(deeds, rows, strict=True))


DRIVERS = {"engines": engines}
