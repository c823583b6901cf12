"""What is built is what runs: the wheel in environments of its own, beside other packages, without TensorFlow."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("benchmarks", "methods", "datasets")
COMMANDS = ("ris", "reverse-image-search-benchmark")
STARTED = (*([name] for name in COMMANDS), ["python", "-m", "benchmarks"])
NETWORKS = ("tensorflow", "keras", "mtcnn", "h5py", "openvino", "dlib", "fastapi", "usearch", "pymilvus")


def run(command, cwd, **environment):
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("RIS_", "PYTHON"))}
    command = [str(part) for part in command]
    return subprocess.run(command, cwd=cwd, env=bare | environment, capture_output=True, text=True, timeout=300)


def pip(*arguments):
    return run([sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments], ROOT.parent)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The wheel, built from the files that git knows, and those files."""
    source = tmp_path_factory.mktemp("source")
    known = run(["git", "ls-files", "-co", "--exclude-standard", "-z"], ROOT)
    if known.returncode:
        pytest.skip("no git checkout here: what belongs to the sources is not known")
    for name in filter(None, known.stdout.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    target = tmp_path_factory.mktemp("wheel")
    done = pip("wheel", "--no-deps", "--quiet", "--wheel-dir", target, source)
    if done.returncode and "Could not find a version" in done.stderr:
        pytest.skip("setuptools of the build cannot be had here: no package index")
    assert done.returncode == 0, done.stderr
    (wheel,) = target.glob("*.whl")
    return wheel, source


class Environment:
    """A virtual environment that sees the packages of this one, none of which is this project."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False)
        self.bin = folder / "bin"
        (self.site,) = folder.glob("lib/python*/site-packages")
        ours = [path for path in sys.path if "site-packages" in path and not Path(path, "benchmarks").exists()]
        (self.site / "beneath.pth").write_text("\n".join(ours))

    def install(self, *wheels) -> None:
        for wheel in wheels:
            done = pip("--python", self.bin / "python", "install", "--no-deps", "--quiet", "--force-reinstall", wheel)
            assert done.returncode == 0, done.stderr

    def run(self, *command, cwd):
        return run([self.bin / command[0], *command[1:]], cwd)


@pytest.fixture(scope="module")
def environment(tmp_path_factory, built):
    """One with the wheel, which no test changes."""
    made = Environment(tmp_path_factory.mktemp("environment") / "environment")
    made.install(built[0])
    return made


@pytest.fixture
def elsewhere(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "elsewhere"


def other_datasets(folder: Path) -> Path:
    """A wheel with the shape of Hugging Face's: other modules in a package `datasets`, one of a name that we have."""
    files = {
        "datasets/__init__.py": "from .arrow_dataset import Dataset\nfrom .load import load_dataset\n",
        "datasets/arrow_dataset.py": "class Dataset: ...\n",
        "datasets/load.py": "def load_dataset(): ...\n",
        "datasets/download/__init__.py": "from .manager import Manager\n",
        "datasets/download/manager.py": "class Manager: ...\n",
        "datasets-9.9.dist-info/METADATA": "Metadata-Version: 2.1\nName: datasets\nVersion: 9.9\n",
        "datasets-9.9.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*files, "datasets-9.9.dist-info/RECORD"))
    wheel = folder / "datasets-9.9-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**files, "datasets-9.9.dist-info/RECORD": record}.items():
            archive.writestr(name, text)
    return wheel


def one_line(done):
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: ") and not done.stdout
    return line


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(built):
    wheel, source = built
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = (path for package in PACKAGES for path in (source / package).rglob("*") if path.is_file())
    assert packed == {str(path.relative_to(source)) for path in files}
    assert {f"{package}/py.typed" for package in PACKAGES} <= packed


def test_the_source_distribution_holds_no_tests_and_no_results(built, tmp_path):
    (needed,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    if pip("install", "--quiet", "--target", tmp_path / "builder", needed).returncode:
        pytest.skip("setuptools of the build cannot be had here: no package index")
    build = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"
    done = run([sys.executable, "-c", build, tmp_path], built[1], PYTHONPATH=str(tmp_path / "builder"))
    assert done.returncode == 0, done.stderr
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        names = [Path(*Path(name).parts[1:]) for name in packed.getnames()]
    folders = {name.parts[0] for name in names if len(name.parts) > 1}
    assert folders <= {*PACKAGES, "reverse_image_search_benchmark.egg-info"}
    assert {Path("LICENSE"), Path("README.md"), Path("CHANGELOG.md"), Path("CITATION.cff")} <= set(names)


def test_both_commands_and_the_module_say_the_version_from_any_folder(environment, elsewhere):
    expected = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for command in STARTED:
        assert environment.run(*command, "--version", cwd=elsewhere).stdout.split()[-1] == expected
        assert "Usage: " in environment.run(*command, "--help", cwd=elsewhere).stdout
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_be_taught_to_complete(environment, elsewhere, shell):
    done = run([environment.bin / "ris"], elsewhere, _RIS_COMPLETE=f"source_{shell}")
    assert "_RIS_COMPLETE" in done.stdout
    assert "--show-completion" not in environment.run("python", "-m", "benchmarks", "--help", cwd=elsewhere).stdout


@pytest.mark.parametrize("last", ["theirs", "ours"])
def test_another_package_called_datasets_is_named_in_either_order(built, tmp_path, elsewhere, last):
    """Also what it leaves when it is uninstalled: our files of the same names go with it."""
    made = Environment(tmp_path / "environment")
    theirs = other_datasets(tmp_path)
    made.install(*((built[0], theirs) if last == "theirs" else (theirs, built[0])))
    lines = [one_line(made.run(*command, "--version", cwd=elsewhere)) for command in STARTED]
    raised = made.run("python", "-c", "from benchmarks import evaluate", cwd=elsewhere).stderr.splitlines()[-1]
    assert raised.startswith("benchmarks.system.own_packages.CollisionError: ")
    for line in (*lines, raised):
        assert "the package datasets 9.9" in line and "an environment of its own" in line
    pip("--python", made.bin / "python", "uninstall", "--yes", "datasets")
    assert "datasets" in one_line(made.run("ris", "--version", cwd=elsewhere))
    made.install(built[0])
    assert made.run("ris", "--version", cwd=elsewhere).returncode == 0


@pytest.mark.parametrize("name", ["datasets", "methods"])
@pytest.mark.parametrize("kind", ["package", "module"])
def test_what_hides_a_package_in_the_working_folder_is_named(environment, elsewhere, name, kind):
    if kind == "package":
        (elsewhere / name).mkdir()
        (elsewhere / name / "__init__.py").write_text("raise SystemExit('imported')")
    else:
        (elsewhere / f"{name}.py").write_text("raise SystemExit('imported')")
    line = one_line(environment.run("python", "-m", "benchmarks", "list", "metrics", cwd=elsewhere))
    assert str(elsewhere / name) in line and "rename" in line
    assert environment.run("ris", "--version", cwd=elsewhere).returncode == 0  # it does not look there


@pytest.mark.parametrize("name", ["datasets", "methods"])
def test_a_plain_folder_of_that_name_hides_nothing(environment, elsewhere, name):
    (elsewhere / name / "label").mkdir(parents=True)
    for command in (["ris"], ["python", "-m", "benchmarks"]):
        done = environment.run(*command, "list", "metrics", "--json", cwd=elsewhere)
        assert done.returncode == 0, done.stderr


def test_a_folder_that_hides_an_editable_install_is_named(tmp_path, elsewhere):
    """Its finder comes after the working folder, where a folder without any code is a package of that name already."""
    made = Environment(tmp_path / "environment")
    finder = f"""
import importlib.util, sys
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in {PACKAGES}:
            folder = {str(ROOT)!r} + "/" + name
            return importlib.util.spec_from_file_location(
                name, folder + "/__init__.py", submodule_search_locations=[folder])
sys.meta_path.append(Finder)
"""
    (made.site / "editable_finder.py").write_text(finder)
    (made.site / "editable.pth").write_text("import editable_finder")
    assert made.run("python", "-m", "benchmarks", "--version", cwd=elsewhere).returncode == 0
    (elsewhere / "datasets").mkdir()
    line = one_line(made.run("python", "-m", "benchmarks", "--version", cwd=elsewhere))
    assert str(elsewhere / "datasets") in line


def test_the_light_install_needs_no_network_package(built, tmp_path, elsewhere):
    """Everything but networks works where those packages cannot be imported, and what lacks them names the extra."""
    blocked = f"""
from importlib.machinery import PathFinder
found = PathFinder.find_spec
def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in {NETWORKS} else found(name, path, target)
PathFinder.find_spec = find_spec
"""
    made = Environment(tmp_path / "environment")
    made.install(built[0])
    (made.site / "absent.py").write_text(blocked)
    (made.site / "absent.pth").write_text("import absent")

    def ris(*arguments):
        return made.run("ris", *arguments, cwd=elsewhere)

    assert made.run("python", "-c", "import tensorflow", cwd=elsewhere).returncode == 1
    listed = {row["id"]: row for row in json.loads(ris("list", "methods", "--json").stdout)}
    assert listed["sift-indexed"]["runs_here"] == listed["svm"]["runs_here"] == "yes"
    assert "[keras]'" in listed["mtcnn-facenet"]["reason"]
    asked = [text for name in ("phash", "hog", "svm", "resnet50") for text in ("-m", name)]
    done = ris("run", *asked, "-d", "cifar10:smoke", "--task", "retrieval", "--out", "out")
    assert done.returncode == 1, done.stderr
    assert "pip install 'reverse-image-search-benchmark[keras]'" in " ".join(done.stdout.split())
    for method in ("phash", "hog", "svm"):
        assert f"{method} on cifar10:smoke, retrieval: ok" in done.stdout
    assert ris("report", "--out", "out").returncode == 0
    assert (elsewhere / "out" / "report" / "index.html").is_file()
    assert ris("compare", "out", "out").returncode == 0


@pytest.mark.parametrize("last", ["theirs", "ours"])
def test_hugging_faces_own_datasets_is_named_in_either_order(built, tmp_path, elsewhere, last):
    """Slow: the real package, where a package index offers it."""
    done = pip("download", "--no-deps", "--quiet", "--timeout", "20", "--retries", "0", "--dest", tmp_path, "datasets")
    if done.returncode:
        pytest.skip("Hugging Face's datasets cannot be had here: no package index")
    (theirs,) = tmp_path.glob("datasets-*.whl")
    made = Environment(tmp_path / "environment")
    made.install(*((built[0], theirs) if last == "theirs" else (theirs, built[0])))
    for command in ("ris", "python -m benchmarks"):
        assert "the package datasets " in one_line(made.run(*command.split(), "--help", cwd=elsewhere))
