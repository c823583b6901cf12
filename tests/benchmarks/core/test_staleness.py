"""Resume notices: each edit that can change a figure makes the cells stale that it touches, and no other edit does."""

import itertools
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from bench_support import Bench
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.core import staleness
from benchmarks.core.plan import make_plan
from benchmarks.core.staleness import encoder_key, method_inputs
from benchmarks.core.store import Store
from benchmarks.duplicates import stored
from datasets import sources
from datasets.distortions import version
from datasets.registry import open_dataset
from methods import fingerprint
from methods.registry import load_registry
from methods.training.kept import content_key

ROOT = Path(__file__).parents[3]
METHODS = ("random", "pixels", "phash")
TASKS = ("retrieval", "unseen-classes", "robustness")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, photo_folder) -> Bench:
    bench = Bench(Store(tmp_path_factory.mktemp("out")), load_registry(), photo_folder)
    bench.store.require_writable()
    bench.run(*METHODS, tasks=TASKS, plugins=())
    return bench


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """The project's source, to be edited."""
    root = tmp_path_factory.mktemp("checkout")
    for package in sources.PROJECT_PACKAGES:
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture
def edit(copy, monkeypatch):
    """Replaces text in a file of the copy, which then is the code that counts."""
    originals = {}

    def replace(file: str, before: str, after: str) -> None:
        path = copy / file
        originals[path] = path.read_text()
        assert before in originals[path], f"{file} no longer holds {before!r}"
        path.write_text(originals[path].replace(before, after, 1))

    monkeypatch.setattr(sources, "_ROOT", copy)
    forget()
    yield replace
    for path, text in originals.items():
        path.write_text(text)
    monkeypatch.undo()
    forget()


def forget():
    sources.locate.cache_clear()
    sources._known.clear()


def stale(bench: Bench) -> dict[tuple[str, str], str]:
    plan = bench.plan(*METHODS, tasks=TASKS, plugins=())
    return {(each.cell.method, each.cell.task): each.why for each in plan.cells if each.state != "done"}


EVERY_TASK = {"retrieval", "robustness"}

CHANGES = {
    "colours in another order": (
        ("datasets/decoding.py", "return np.array(picture if", "return -np.array(picture if"),
        set(METHODS), EVERY_TASK, "decoding",
    ),
    "an image set that decodes otherwise": (
        ("datasets/imageset.py", "self.source.decode(data,", "self.source.decode(data[:-1],"),
        set(METHODS), EVERY_TASK, "decoding",
    ),
    "a data set that decodes otherwise": (
        ("datasets/files.py", "return decode_image(data, id)", "return decode_image(data, id)[::-1]"),
        set(METHODS), EVERY_TASK, "decoding",
    ),
    "flipped upside down": (
        ("datasets/distortions.py", "image[:, ::-1]", "image[::-1]"),
        set(METHODS), {"robustness"}, "task code (datasets.distortions)",
    ),
    "retrieval": (
        ("benchmarks/tasks/retrieval.py", "import numpy as np", "import numpy as np\n\nOTHER = 1"),
        set(METHODS), {"retrieval"}, "task code (benchmarks.tasks.retrieval)",
    ),
    "robustness": (
        ("benchmarks/tasks/robustness.py", "default_rng(SEED)", "default_rng(SEED + 1)"),
        set(METHODS), {"robustness"}, "task code (benchmarks.tasks.robustness)",
    ),
    "timing": (
        ("benchmarks/execution/timing.py", "[50, 95, 99]", "[50, 90, 99]"),
        set(METHODS), {"retrieval"}, "task code (benchmarks.execution.timing)",
    ),
    "stages": (
        ("methods/stages.py", "perf_counter", "process_time"),
        set(METHODS), {"retrieval"}, "task code (methods.stages)",
    ),
    "memory": (
        ("benchmarks/system/memory.py", "import", "OTHER = 1\nimport"),
        set(METHODS), EVERY_TASK, "task code (benchmarks.system.memory)",
    ),
    "stored embeddings": (
        ("benchmarks/core/embeddings.py", "SHARD_ROWS = 512", "SHARD_ROWS = 511"),
        set(METHODS), EVERY_TASK, "task code (benchmarks.core.embeddings)",
    ),
    "a method": (
        ("methods/canaries.py", "default_rng(", "default_rng(1 + "),
        {"random"}, EVERY_TASK, "method code (methods.canaries)",
    ),
    "what a method imports": (
        ("methods/encoders/lanczos.py", "import numpy as np", "import numpy as np\n\nOTHER = 1"),
        {"phash"}, EVERY_TASK, "method code (methods.encoders.lanczos)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_can_change_a_figure_makes_cells_stale_and_is_named(finished, edit, name):
    change, methods, tasks, words = CHANGES[name]
    assert stale(finished) == {}
    edit(*change)
    found = stale(finished)
    assert set(found) == {(method, task) for method in methods for task in tasks if ran(finished, method, task)}
    assert all(f"changed: {words}" in why or f", {words}" in why for why in found.values()), found


@pytest.mark.parametrize("name", ["colours in another order", "flipped upside down", "timing"])
def test_a_dry_run_names_the_stale_cells_and_why(finished, edit, name):
    change, _, tasks, words = CHANGES[name]
    edit(*change)
    arguments = [
        "run",
        "--dry-run",
        "-d",
        f"folder:{finished.folder}",
        "--subset",
        "smoke",
        "--out",
        finished.store.root,
    ]
    for option, values in (("-m", METHODS), ("--task", TASKS)):
        arguments += [part for value in values for part in (option, value)]
    said = CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "160"}).output
    stale_rows = [line for line in said.splitlines() if "│ stale" in line]
    assert len(stale_rows) == sum(ran(finished, method, task) for method in METHODS for task in tasks), said
    assert all(f"changed: {words}" in line for line in stale_rows), said


def ran(bench, method, task):
    return any(cell.method == method and cell.task == task for cell, _ in bench.store.rows())


@pytest.mark.parametrize(
    "change",
    [
        ("datasets/errors.py", "did you mean", "is it"),
        ("datasets/errors.py", "cutoff=0.5", "cutoff=0.6"),
        ("datasets/decoding.py", "the file is empty", "there is nothing in the file"),
        ("datasets/decoding.py", '"""The pixels of one encoded image', '"""Pixels of one image'),
        ("datasets/decoding.py", "# whatever", "# no matter what"),
        ("benchmarks/execution/timing.py", '"""The same images', '"""Images'),
        ("benchmarks/metrics/ranking.py", "import numpy as np", "import numpy as np\n\nOTHER = 1"),
        ("benchmarks/reporting/publishing/write.py", '"""', '"""Tables. '),
        ("benchmarks/rows/cell.py", "ROW_SCHEMA = 1", "ROW_SCHEMA = 1 * 1"),
        ("benchmarks/tasks/unseen_classes.py", "too few labels", "not enough labels"),
        ("methods/registry.py", "rename the file", "give it another name"),
        ("methods/catalogue.py", "a random score", "some score"),
    ],
    ids=lambda change: f"{change[0]}: {change[1]}",
)
def test_what_cannot_change_a_figure_makes_nothing_stale(finished, edit, change):
    edit(*change)
    assert stale(finished) == {}


def test_another_version_of_pillow_makes_every_cell_stale_and_one_of_scipy_what_uses_it(finished, monkeypatch):
    known = fingerprint._version

    def pretend(**others):
        monkeypatch.setattr(fingerprint, "_version", lambda name: others.get(name) or known(name))

    pretend(PIL="99.0")
    found = stale(finished)
    assert {method for method, _ in found} == set(METHODS)
    assert all(f"packages: pillow {known('PIL')} -> 99.0" in why for why in found.values())
    pretend(scipy="99.0")
    assert {method for method, _ in stale(finished)} == {"phash"}
    pretend(cv2="99.0")
    assert {key for key in stale(finished) if key[0] == "random"} == {("random", "robustness")}


@pytest.mark.parametrize("encoder", ["mtcnn-facenet", "mobilenetv2", "sscd-distilled", "resnet50", "vgg16-fc1"])
def test_rows_of_an_encoder_are_shared_whatever_its_indexes_need(encoder):
    specs = {spec.id: spec for spec in load_registry()}
    alike = [spec for spec in specs.values() if spec.encoder == specs[encoder].encoder]
    assert len({spec.requires for spec in alike}) > 1 or encoder in ("resnet50", "vgg16-fc1")
    assert len(alike) > 2 and len({encoder_key(spec, method_inputs(spec, None)) for spec in alike}) == 1


def test_embeddings_trained_models_and_copies_obey_the_same_rule(finished, edit):

    def keys():
        plan = finished.plan("phash", tasks=("retrieval",), plugins=())
        (cell,) = [each for each in plan.cells if each.cell.method == "phash"]
        version.cache_clear()
        images = open_dataset(f"folder:{finished.folder}", None)
        return (
            cell.encoder_key,
            version(),
            content_key({}, images.imageset(images.items()), ("methods.training.trainer",), ("keras",)),
        )

    embeddings, copies, trained = keys()
    edit(
        "datasets/decoding.py",
        "grey_levels(np.asarray(picture), notes)",
        "grey_levels(np.asarray(picture) // 2, notes)",
    )
    after = keys()
    assert (after[0] != embeddings, after[1] == copies, after[2] != trained) == (True, True, True)
    edit("datasets/distortions.py", "quality 30", "quality 31")
    assert keys()[1] == copies
    edit("datasets/distortions.py", "QUALITY, 30", "QUALITY, 31")
    assert keys()[1] != copies
    version.cache_clear()


PLUGIN = """
from pathlib import Path

import numpy as np

from methods.ranking import rank_scores
from methods.spec import MethodSpec, Part
from {name}_helper import weight
from {name}_package import inner

MODEL = np.load(Path(__file__).parent / "{name}_model.npy")


class Own:
    nbytes = 1

    def __init__(self, path=None, named=""):
        self.gallery = 0

    def fit(self, gallery):
        pass

    def index(self, gallery):
        self.gallery = len(gallery)

    def search(self, queries, k):
        return rank_scores(np.full((len(queries), self.gallery), weight() + inner.add() + MODEL[0]), k)


METHODS = [
    MethodSpec(
        id="own-{name}",
        family="pixels",
        summary="of a plug-in",
        source="tests",
        method=Part("{name}:Own", {{"path": Path(__file__).parent / "settings", "named": "words.txt"}}),
        files=("declared.bin",),
        tasks=("retrieval",),
    )
]
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A plug-in with a helper, a package and files beside it, all of names that no other test has."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    name = "plug" + "".join(character for character in tmp_path.name if character.isalnum())
    folder = tmp_path / "own"
    (folder / f"{name}_package").mkdir(parents=True)
    (folder / "settings").mkdir()
    (folder / f"{name}.py").write_text(PLUGIN.format(name=name))
    (folder / f"{name}_helper.py").write_text("def weight():\n    return 1.0\n")
    (folder / f"{name}_package" / "__init__.py").write_text("")
    (folder / f"{name}_package" / "inner.py").write_text("from . import other\n\n\ndef add():\n    return other.LEAF\n")
    (folder / f"{name}_package" / "other.py").write_text("LEAF = 1\n")
    np.save(folder / f"{name}_model.npy", np.ones(3))
    (folder / "settings" / "a.json").write_text("{}")
    (folder / "words.txt").write_text("one")
    (folder / "declared.bin").write_bytes(b"1")
    (folder / "unrelated.npy").write_bytes(b"1")
    return folder / f"{name}.py"


@pytest.mark.parametrize(
    "file, words",
    [
        ("{name}.py", "method code ({name})"),
        ("{name}_helper.py", "method code ({name}_helper)"),
        ("{name}_package/other.py", "method code ({name}_package.other)"),
        ("{name}_model.npy", "plug-in file {name}_model.npy"),
        ("declared.bin", "plug-in file declared.bin"),
        ("settings/a.json", "plug-in file {folder}/settings"),
        ("words.txt", "plug-in file words.txt"),
        ("unrelated.npy", None),
    ],
)
def test_a_plug_in_is_all_that_it_imports_and_reads(plugin, bench, file, words):
    bench.registry = load_registry([plugin])
    method = f"own-{plugin.stem}"
    assert bench.run(method, plugins=(plugin,))[method]["status"] == "ok"

    def planned():
        return make_plan(bench.request(method, plugins=(plugin,)), bench.registry, bench.store).cells[0]

    assert planned().state == "done"
    path = plugin.parent / file.format(name=plugin.stem)
    path.write_bytes(path.read_bytes() + (b"\nMORE = 2\n" if path.suffix == ".py" else b"2"))
    why = planned().why
    assert why == ("" if words is None else f"changed: {words.format(name=plugin.stem, folder=plugin.parent)}")


@pytest.mark.parametrize(
    "name",
    sorted({*staleness.RETRIEVAL, *itertools.chain(*staleness.NO_TASKS.values()), *staleness.APART, *stored._CODE}),
)
def test_every_module_whose_code_is_told_to_count_or_not_exists(name):
    """A module that was moved would drop out of what makes stored rows stale without a word."""
    assert sources.locate(name) is not None
