"""When a stored row no longer holds: what it depends on beyond its data, and in words what of that has changed.

The rule. Code counts by content: that of the method's parts and of the task that measured them (`Task.code`), each with
all it imports; how bytes become pixels; files the method names. Libraries count by version. Left out is what cannot
change a figure: `datasets.sources.NO_FIGURES`, texts of errors and docstrings (see there), and APART, whose values are
inputs of their own or whose figures are made anew from what is stored (metrics, tables).
"""

from collections.abc import Mapping, Sequence

from benchmarks.rows.cell import Inputs, MethodInputs
from benchmarks.system.devices import KERAS_BACKENDS, packages_of
from datasets.sources import NO_FIGURES, libraries, module_digests
from methods import fingerprint
from methods.engines.registry import get_engine
from methods.spec import MethodSpec

RETRIEVAL = ("benchmarks.tasks.retrieval", "methods.stages")
"""What measures where no task is named: how a method answers is then all that counts."""
NO_TASKS: dict[str, tuple[str, ...]] = {
    "engines": (
        *(f"benchmarks.experiments.engines.{name}" for name in ("measure", "subject")),
        *(f"benchmarks.execution.equivalence.{name}" for name in ("check", "sample")),
    ),
    "indexes": (
        *(
            f"benchmarks.experiments.indexes.{name}"
            for name in ("participant", "figures", "rounds", "sweep", "vectors")
        ),
        "methods.indexes",
    ),
    "indexes-changing": (
        *(
            f"benchmarks.experiments.indexes.{name}"
            for name in ("participant", "figures", "rounds", "changes", "changing", "offered", "sweep", "vectors")
        ),
        "methods.indexes",
        "methods.milvus",
    ),
    "indexes-filtered": (
        *(
            f"benchmarks.experiments.indexes.{name}"
            for name in ("participant", "figures", "rounds", "filters", "filtered", "offered", "sweep", "vectors")
        ),
        "methods.indexes",
        "methods.milvus",
    ),
    "scaling": ("benchmarks.experiments.scaling.point", "methods.stages"),
    "streaming": ("benchmarks.experiments.streaming.measure", "methods.stages"),
}
"""What measures the cells that are of no task inside their process; all that these import counts too."""

APART = NO_FIGURES | {
    *(f"benchmarks.{name}" for name in ("gate", "metrics", "protocol", "rows", "execution.worker")),
    *(f"benchmarks.{name}" for name in ("experiments.engines", "reporting.tables")),
    *(
        f"benchmarks.core.{name}"
        for name in ("cells", "columns", "ground_truth", "plan", "scoring", "staleness", "store")
    ),
    *(f"benchmarks.system.{name}" for name in ("devices", "files", "names", "provenance")),
    *(f"benchmarks.core.tasking.{name}" for name in ("ranking", "registry", "task")),
    *(f"datasets.{name}" for name in ("manifest", "records", "stored_manifest")),
    "methods.engines",
}
"""Not task code: how cells are started and stored; constants, manifests and engines, which are inputs themselves."""

_WORDS = {
    "code": "method code",
    "task_code": "task code",
    "engine_code": "engine code",
    "judging": "judging code",
    "timing": "timing budget",
}
_CODE = ("code", "task_code", "engine_code", "judging")
_SHOWN = 3


def task_code(modules: Sequence[str]) -> dict[str, str]:
    """Digests of the code that measures cells of a task, by module; without that of methods and of decoding."""
    digests = module_digests(modules, APART)
    return {name: each[:12] for name, each in digests.items() if name not in fingerprint.PIXELS}


def method_inputs(
    spec: MethodSpec,
    weights: str | None,
    keras_backend: str = KERAS_BACKENDS[0],
    source: object = None,
    measured_by: Sequence[str] = RETRIEVAL,
) -> MethodInputs:
    """What a method's answers depend on beyond the images; `weights` is the sha256 of its file."""
    used = {*packages_of(spec, keras_backend), *fingerprint.method_libraries(spec), "PIL"}
    if "keras" in spec.requires:  # its code names TensorFlow, but computes on the backend that was asked for
        used -= set(KERAS_BACKENDS) - {keras_backend}
    used |= {name for name in libraries(measured_by, APART) if name not in KERAS_BACKENDS}
    return {
        "method": fingerprint.describe_method(spec),
        "code": fingerprint.method_code(spec),
        "files": fingerprint.method_files(spec),
        "decoding": fingerprint.decoding(source),
        "packages": fingerprint.package_versions(used),
        "weights": weights,
    }


def engine_code(engine: str) -> dict[str, str]:
    """Digests of the code of an engine that networks are run on, by module."""
    digests = module_digests(("methods.engines.swap", *get_engine(engine).modules))
    return {name: each[:12] for name, each in digests.items()}


def judging_code() -> dict[str, str]:
    """Digests of the code that judges rankings, for cells that store what it finds and not the rankings."""
    digests = module_digests(("benchmarks.metrics.judgement",), NO_FIGURES)
    return {name: each[:12] for name, each in digests.items() if name.startswith("benchmarks.metrics.")}


def encoder_key(spec: MethodSpec, inputs: Inputs | MethodInputs) -> str:
    """The folder in which rows of the method's encoder are kept: all that they depend on, of `method_inputs`.

    Methods that share an encoder share its rows, whatever index and transforms come after it.
    """
    # What a method requires for its index makes no other rows.
    required = {*spec.requires} - fingerprint.index_libraries()
    used = {*required, *fingerprint.encoder_libraries(spec), "numpy", "PIL"}
    if "keras" in spec.requires:
        used |= set(KERAS_BACKENDS)
    versions = {name: version for name, version in inputs["packages"].items() if name in used}
    own = [fingerprint.describe(spec.encoder), fingerprint.encoder_code(spec), versions]
    return fingerprint.digest([*own, inputs["files"], inputs["decoding"], inputs["weights"]])[:32]


def changes(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """What differs between the inputs of a stored row and those of today, in words."""
    names = [*now, *(name for name in before if name not in now)]
    return [_change(name, before.get(name), now.get(name)) for name in names if before.get(name) != now.get(name)]


def _change(name: str, before: object, now: object) -> str:
    words = _WORDS.get(name, name.replace("_", " "))
    if not isinstance(before, dict) or not isinstance(now, dict):
        return words
    parts = sorted(part for part in {*before, *now} if before.get(part) != now.get(part))
    if name == "files":
        return _listed("plug-in file", parts)
    if name == "packages":
        titles = [fingerprint.distribution(part) for part in parts]
        versions = [(before.get(part, "unused"), now.get(part, "unused")) for part in parts]
        return _listed("packages:", [f"{t} {old} -> {new}" for t, (old, new) in zip(titles, versions, strict=True)])
    return f"{words} ({_listed('', parts).strip()})" if name in _CODE else words


def _listed(what: str, parts: Sequence[str]) -> str:
    more = f" and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    return f"{what} {', '.join(parts[:_SHOWN])}{more}"
