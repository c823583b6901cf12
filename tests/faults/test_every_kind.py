"""One short case for each kind of fault that has been found, as a user meets it; details have tests of their own.

One run over a folder with everything that may lie in one is shared by most cases: each copies what it damages.
"""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import pytest
from bare_environment import bare_environment
from PIL import Image
from search_support import ROOT, encoded, fill, picture
from tests_support import wait_for

from benchmarks.core.store import Store
from benchmarks.reporting.html.section import anchor
from benchmarks.rows.cell import FAILED_RERUN
from datasets.mat_reader import UnreadableError, read_struct

PLUGINS = ROOT / "tests" / "plugins"
HOSTILE = "=\x1b[2Jtwo\nlines\u202e|[red]"
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def cli(*arguments, cwd=ROOT, stdout=subprocess.PIPE, **environment):
    """The command in a process of its own, with no data sets, weights or indexes of this machine's."""
    places = {"PYTHONPATH": str(ROOT), "RIS_INDEX": str(Path(cwd) / "index")}
    env = bare_environment(COLUMNS="300", **places) | environment
    command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=env, stdout=stdout, stderr=subprocess.PIPE, timeout=500)


def text_of(done):
    assert b"Traceback" not in (done.stdout or b"") + done.stderr, done.stderr.decode()
    return ((done.stdout or b"") + done.stderr).decode()


def one_line(done):
    said = text_of(done).strip()
    assert done.returncode == 2 and len(said.splitlines()) == 1 and said.startswith("error: "), said
    return said


class Place:
    """A folder with photos, and what a run over them left in `out`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.photos, self.out = root / "photos", root / "out"

    def command(self, name, *more):
        where = ("-d", f"folder:{self.photos}", "--subset", "smoke", "--task", "retrieval")
        where = where if name in ("run", "status") else ()
        return cli(name, *where, "--plugin", PLUGINS / "bad_answers.py", "--out", self.out, *more, cwd=self.root)

    def run(self, *more):
        return self.command("run", "-m", "pixels", *more)

    def pixels(self):
        """The cell with its row."""
        store = Store(self.out)
        return store, *next((cell, row) for cell, row in store.rows() if cell.method == "pixels")

    def ids(self):
        store, cell, _ = self.pixels()
        return store.ranking(cell).ids.tolist()


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Labels of four pictures, and beside them what nobody can use; one method answers with NaN."""
    place = Place(tmp_path_factory.mktemp("every") / "place")
    fill(place.photos, 24, labels=6)
    (place.photos / "label5").rename(place.photos / HOSTILE)
    label = place.photos / "label0"
    os.mkfifo(label / "pipe.png")
    with (label / "sparse.png").open("wb") as file:
        file.truncate(1 << 40)
    (label / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    (label / "telephone.cr2").write_bytes(b"raw")
    (label / "cut.jpg").write_bytes(encoded(picture(70, (200, 160)), "JPEG")[:-3])
    (place.photos / "linked").symlink_to(place.root)
    place.done = place.run("-m", "answers-nan")
    return place


@pytest.fixture
def copy(ran, tmp_path):
    """The same photos, and a copy of the output folder."""
    place = Place(tmp_path)
    place.photos = ran.photos
    shutil.copytree(ran.out, place.out)
    return place


def test_1_lost_and_damaged_rows_are_made_again(ran, copy):
    shards = sorted(copy.out.glob("cache/**/shard-*.npz"))
    assert shards
    for shard in shards[1:]:
        shard.unlink()
    shards[0].write_bytes(shards[0].read_bytes()[:-40])
    again = copy.run("--force")
    assert again.returncode == 0 and re.search(rf"stored file damaged: \S*{shards[0].name} ", text_of(again))
    assert copy.ids() == ran.ids()
    assert not list(copy.out.glob("cells/**/notes.txt"))


def test_2_an_answer_that_is_none_is_an_error_that_names_its_method(ran):
    assert ran.done.returncode == 1
    assert re.search(r"answers-nan: .*NaN scores", text_of(ran.done))
    assert not list(ran.out.glob("cells/*/*/*/answers-nan*/ranking.npz"))


@pytest.mark.parametrize("damage", ["cut", "flipped", "missing", "other schema"])
def test_3_a_damaged_stored_file_costs_itself_alone(ran, copy, damage):
    store, cell, _ = copy.pixels()
    path = store.folder(cell) / ("cell.json" if damage == "other schema" else "ranking.npz")
    data = bytearray(path.read_bytes())
    data[data.find(b"\x93NUMPY") + 128] ^= 1
    if damage == "missing":
        path.unlink()
    elif damage == "other schema":
        path.write_text(json.dumps({"schema": 1, "cell": [], "status": {}}))
    else:
        path.write_bytes(data if damage == "flipped" else data[:100])
    report = copy.command("report")
    assert report.returncode == 0 and "random" in next(copy.out.glob("*smoke-retrieval.md")).read_text()
    assert "damaged" in text_of(copy.command("status", "--why", "-m", "pixels"))
    assert copy.run().returncode == 0
    assert copy.ids() == ran.ids()


MOODY = """
from importlib.util import find_spec
from pathlib import Path
from bad_answers import Bad
from methods.spec import MethodSpec, Part

class Moody(Bad):
    def fit(self, gallery):
        if (Path(__file__).parent / "fail").exists():
            raise ValueError("not today")

METHODS = [MethodSpec(id="moody", family="pixels", summary="", source="", method=Part("moody:Moody", {"kind": ""}))]
"""


def test_4_a_failed_rerun_keeps_the_row_before_it(copy):
    plugin = copy.root / "moody.py"
    plugin.write_text(MOODY)
    asked = ("run", "-m", "moody", "--plugin", plugin)
    assert copy.command(*asked).returncode == 0
    (copy.root / "fail").touch()
    assert copy.command(*asked, "--force").returncode == 1
    store = Store(copy.out)
    (found,) = [(cell, row) for cell, row in store.rows() if cell.method == "moody"]
    assert (found[1]["status"], found[1][FAILED_RERUN]["reason"]) == ("ok", "ValueError: not today")
    assert store.ranking(found[0]) is not None


def test_5_names_that_differ_share_nothing(tmp_path):
    names = ("mean colour", "mean/colour", "猫", "犬", "mean-colour", "x" * 300, "x" * 301)
    assert len({anchor("plot", name) for name in names}) == len(names)
    for parent in "ab":
        fill(tmp_path / parent / "photos", 8, labels=2)
    where = [word for parent in "ab" for word in ("-d", f"folder:{tmp_path / parent / 'photos'}")]
    done = cli("run", "-m", "pixels", *where, "--subset", "smoke", "--task", "retrieval", cwd=tmp_path)
    assert done.returncode == 0, text_of(done)
    assert len(list((tmp_path / "results").glob("cells/*/smoke/retrieval/pixels@cpu/cell.json"))) == 2
    assert len(list((tmp_path / "results").glob("*-retrieval.md"))) == 2


def test_6_other_bytes_of_the_same_size_and_time_are_seen(copy, tmp_path):
    copy.photos = shutil.copytree(fill(tmp_path / "first", 8, labels=2), tmp_path / "photos")
    assert copy.run().returncode == 0
    path = max(copy.photos.rglob("*.png"), key=lambda path: path.stat().st_size)
    status, other = path.stat(), min((encoded(picture(seed)) for seed in range(99, 120)), key=len)
    path.write_bytes(other.ljust(status.st_size, b"\0"))  # what follows a PNG's end is not read
    assert path.stat().st_size == status.st_size
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "changed: " in text_of(copy.command("status", "--why", "-m", "pixels"))


def test_7_the_very_file_matches_and_a_blank_picture_is_nothing_to_search_for(ran):
    Image.new("RGB", (60, 60), "white").save(ran.root / "blank.png")
    itself = ran.photos / "label1" / "001.png"
    shutil.copy(itself, ran.root / "same.png")
    queries = (itself, ran.root / "same.png", ran.root / "blank.png")
    done = cli("search", *queries, "-g", ran.photos, "-m", "phash", "--json", cwd=ran.root)
    answers = [query["answers"][0] for query in json.loads(done.stdout)]
    assert [answer["itself"] for answer in answers] == ["label1/001.png", None, None]
    assert [answer["verdict"] for answer in answers[1:]] == ["match", "nothing to search for"], text_of(done)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_8_no_process_outlives_its_run(ran, tmp_path, number):
    command = [sys.executable, "-m", "benchmarks", "run", "-m", "lingering-orphan-sleep", "--task", "retrieval"]
    command += ["-d", f"folder:{ran.photos}", "--subset", "smoke", "--plugin", str(PLUGINS / "lingering.py")]
    mark = f"{os.environ['RIS_TESTS']}-{number}"
    run = subprocess.Popen(
        [*command, "--out", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RIS_KIND": mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    wait_for(lambda: list(tmp_path.glob("cells/*/*/*/.lingering*")) and len(marked(mark)) >= 4, 200)
    run.send_signal(number)
    run.wait(60)
    wait_for(lambda: not marked(mark), 30)


def marked(mark):
    """Processes that a run started, itself among them."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("RIS_KIND") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def test_9_only_regular_files_of_a_bounded_size_are_opened(ran):
    assert "2 files that cannot be read, too large or not regular ignored" in page(ran)
    scans = io.BytesIO()
    picture(1).save(scans, "JPEG", progressive=True)
    data = scans.getvalue()
    at = data.index(b"\xff\xda")
    (ran.root / "scans.jpg").write_bytes(data[:at] + data[at:-2] * 400 + data[-2:])
    assert "too many scans" in one_line(cli("search", "scans.jpg", "-g", ran.photos, "-m", "phash", cwd=ran.root))


def page(place):
    return next(place.out.glob("*smoke-retrieval.md")).read_text()


def test_10_searches_side_by_side_share_one_index(ran, tmp_path):
    command = [sys.executable, "-m", "benchmarks", "search", str(ran.photos / "label1" / "001.png"), "-m", "phash"]
    command += ["-g", str(ran.photos), "--index-dir", str(tmp_path)]
    options = {"cwd": ROOT, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    for search in [subprocess.Popen(command, **options) for _ in range(3)]:
        output, _ = search.communicate(timeout=300)
        assert search.returncode == 0 and "locked" not in output, output


@pytest.mark.parametrize("deed", ["raise SystemExit(0)", "import os; os.kill(os.getpid(), 11)", "1 / 0"])
@pytest.mark.parametrize("command", [("run", "--all"), ("list", "methods"), ("check", "pixels")], ids=lambda c: c[0])
def test_11_a_plug_in_that_ends_at_import_is_one_line(tmp_path, command, deed):
    (tmp_path / "ends.py").write_text(deed)
    assert "ends.py" in one_line(cli(*command, "--plugin", "ends.py", cwd=tmp_path))


def test_12_names_command_neither_terminal_nor_table(ran):
    assert not FORBIDDEN.search(text_of(ran.done).replace("\n", ""))
    for path in [*ran.out.glob("*.md"), *ran.out.glob("*.csv")]:
        assert not FORBIDDEN.search(path.read_text().replace("\n", "")), path


def test_13_output_that_takes_nothing_is_one_line(ran):
    with Path("/dev/full").open("wb") as full:
        assert "No space left" in one_line(cli("list", "methods", "--json", stdout=full))
    assert "--out" in one_line(cli("run", "-m", "pixels", "-d", f"folder:{ran.photos}", "--out", "/dev/full"))


def test_14_what_is_passed_over_is_counted_by_kind(ran):
    said = page(ran)
    for phrase in ("1 file passed over: 1 .cr2", "1 link ignored", "1 unusable image skipped (label0/broken.png)"):
        assert phrase in said
    assert "1 image whose file lacks its last bytes: read with the rest grey (label0/cut.jpg)" in said


def test_15_files_made_to_crash_their_reader(tmp_path):
    crop = tmp_path / "imdb_crop"
    crop.mkdir()
    (crop / "imdb.mat").write_bytes(b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + b"\x0e\0\0\0\xff\xff\xff\x7f" * 9)
    with pytest.raises(UnreadableError):
        read_struct(crop / "imdb.mat", "imdb", ("dob",))
    listed = cli("list", "datasets", "--data", tmp_path, cwd=tmp_path)
    assert listed.returncode == 0 and "lfw" in text_of(listed)
    fill(tmp_path / "photos", 8, labels=2)
    one_line(cli("run", "-m", "pixels", "-d", "folder:photos", "--memory-limit", "inf", cwd=tmp_path))
    if find_spec("distributed"):
        options = ("--backend", "dask", "--scheduler", "nonsense")
        done = cli("run", "-m", "pixels", "-d", "folder:photos", *options, cwd=tmp_path)
        assert done.returncode == 2 and "Traceback" not in text_of(done)
        assert text_of(done).strip().splitlines()[-1].startswith("error: no Dask scheduler answers at nonsense")


def test_16_a_server_that_others_can_reach(tmp_path):
    pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient
    from web_support import small_service

    from benchmarks.web.app import create_app

    client = TestClient(create_app(small_service(tmp_path, host="::", hosts=("::",))), base_url="http://[::1]:8000")
    query = client.post("/api/queries", content=encoded(picture(77)), headers={"x-name": "%1b[2J%00"}).json()
    picture(77).save(tmp_path / "photos" / "new.png")
    asked = {"query": query["query"], "gallery": 0, "method": "phash"}
    assert client.post("/api/galleries/0/look").json() == {"images": 26, "changed": True}
    answer = client.post("/api/search", json=asked)
    assert answer.json()["hits"][0]["path"] == "new.png"
    assert str(tmp_path) not in answer.text + client.get("/").text
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
    assert client.get(f"/api/galleries/0/images/{2**63}").status_code == 404
    assert np.all([c.isprintable() for c in query["name"]])
