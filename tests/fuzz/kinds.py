"""What is fuzzed: for each kind of file valid examples, and how the project reads it."""

import io
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.core.cells import Cell
from benchmarks.core.embeddings import EmbeddingStore
from benchmarks.core.scoring import as_scored, score_retrieval
from benchmarks.core.store import Store
from benchmarks.experiments.latency.records import LatencyRecord, LatencyStore
from benchmarks.experiments.rows import IndexStore, ScalingStore, StreamingStore
from benchmarks.gate.baseline import read_baseline, write_baseline
from benchmarks.gate.sides import read_side
from benchmarks.search import calibrating
from benchmarks.search.calibration import Calibration
from benchmarks.search.catalogue import Catalogue
from benchmarks.search.query import read_query
from benchmarks.search.row_store import RowStore
from benchmarks.system.files import if_intact
from benchmarks.web.leaderboard import read_leaderboard
from datasets import mat_reader
from datasets.archives import unpack
from datasets.cifar10 import Cifar10
from datasets.errors import DataError
from datasets.folder import Folder
from datasets.imageset import ImageSet, Item
from datasets.lfw import Lfw
from datasets.manifest import build_manifest
from datasets.origin_note import own_images
from methods import h5_probe
from methods.torch_tensors import read_tensors

CELL = Cell("lfw", "smoke", "retrieval", "phash")
FACTS = {"provenance": {}, "started": "2026", "status": "ok", "inputs": {}, "size": 7, "cell": CELL.to_json()}


@dataclass
class Kind:
    """`path` is replaced by each mutated file; `read` raises nothing but a BenchmarkError."""

    name: str
    weight: float
    path: Path
    examples: list[bytes]
    read: Callable[[], Any]


def kinds(place: Path, out: Path, photos: Path) -> list[Kind]:
    """All kinds, in a fresh folder `place`; `out` holds a run over `photos`, labelled images."""
    whole = place / "out"
    shutil.copytree(out, whole)
    found = [*_images(place), *_run(whole, place / "spare", photos), *_records(place), *_search(place, photos)]
    return [*found, *_archives(place), *_networks(place), *_data(place)]


def _kind(name: str, weight: float, path: Path, read: Callable[[], Any], *more: bytes) -> Kind:
    return Kind(name, weight, path, [path.read_bytes(), *more], read)


def _images(place: Path) -> list[Kind]:
    rng = np.random.default_rng(5)
    small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((40, 30))
    deep = Image.fromarray((np.arange(1200, dtype=np.uint16) * 50).reshape(30, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    forms: dict[str, list[tuple[Image.Image, dict[str, Any]]]] = {
        "JPEG": [(small, {}), (small, {"progressive": True, "exif": exif}), (small.convert("CMYK"), {})],
        "PNG": [(small, {}), (deep, {}), (small.convert("P"), {}), (small.convert("RGBA"), {"exif": exif})],
        "GIF": [(small, {"save_all": True, "append_images": [small.rotate(9)]})],
        "BMP": [(small, {})],
        "WEBP": [(small, {}), (small, {"lossless": True})],
        "TIFF": [(small, {}), (small, {"compression": "tiff_lzw"}), (small, {"compression": "jpeg"}), (deep, {})],
        "AVIF": [(small, {"quality": 30})],
    }
    found = []
    for form, pictures in forms.items():
        examples = []
        for picture, options in pictures:
            buffer = io.BytesIO()
            picture.save(buffer, form, **options)
            examples.append(buffer.getvalue())
        path = place / f"picture.{form.lower()}"
        weight = {"JPEG": 16.0, "AVIF": 1.0}.get(form, 6.0)
        found.append(
            Kind(f"picture, {form}", weight, path, examples, lambda path=path: read_query(path.read_bytes(), "x"))
        )
    return found


def _run(out: Path, spare: Path, photos: Path) -> list[Kind]:
    store = Store(out)
    cell, _ = next((cell, row) for cell, row in store.rows() if cell.method == "pixels")
    folder = store.folder(cell)
    write_baseline(baseline := out / "baseline.json", read_side(out))

    def rows() -> None:
        store.row(cell)
        store.damage(cell)
        store.damaged_folders()
        for each, row in store.rows():
            as_scored(store, each, row)
            if each == cell:
                score_retrieval(store, each, row)

    def manifest() -> None:
        build_manifest(Folder(photos), "smoke", out / "cache" / "manifests")

    overview = out / "overview.csv"
    return [
        _kind("row of a cell", 8, folder / "cell.json", rows),
        _kind("ranking", 8, folder / "ranking.npz", rows),
        _kind("samples", 3, folder / "samples.npz", rows),
        _kind("manifest", 4, next((out / "cells" / "manifests").glob("*.json")), rows),
        _kind("kept manifest", 2, next((out / "cache" / "manifests").glob("*.json")), manifest),
        _kind("run record", 4, next((out / "runs").glob("*.json")), store.run_records),
        _kind("overview", 4, overview, lambda: read_leaderboard(overview)),
        _kind("baseline", 4, baseline, lambda: read_baseline(baseline)),
    ]


def _records(place: Path) -> list[Kind]:
    scaling, streaming = ScalingStore(place), StreamingStore(place)
    indexes, latency = IndexStore(place), LatencyStore(place)
    scaling.save(scaling.point(CELL, 7), FACTS)
    streaming.save(streaming.gallery(CELL, 7), FACTS)
    indexes.save(indexes.vectors("vectors"), {**FACTS, "vectors": {"gallery": 7}})
    indexes.save_samples(indexes.vectors("vectors"), {"seconds": np.ones((2, 3))})
    latency.save(LatencyRecord(CELL, {**FACTS, "threads": 1}, {"total": np.ones((2, 3))}))
    reads: list[tuple[str, Path, Callable[[], Any]]] = [
        ("scaling", scaling.root, lambda: list(scaling.points())),
        ("streaming", streaming.root, lambda: list(streaming.rows())),
        ("index", indexes.root, lambda: list(indexes.records())),
        ("latency", latency.root, lambda: list(latency.records())),
    ]
    found = [_kind(f"{name} record", 2, next(root.rglob("*.json")), read) for name, root, read in reads]
    return [*found, _kind("latency samples", 2, next(latency.root.rglob("*.npz")), reads[-1][2])]


def _search(place: Path, photos: Path) -> list[Kind]:
    digests = [bytes([number]) * 32 for number in range(8)]
    right = np.arange(32, dtype=np.float32).reshape(8, 4)
    rows, embeddings = place / "rows", place / "embeddings"
    RowStore(rows).append(digests, right)

    def read_rows() -> None:
        store = RowStore(rows)
        there = [number for number, digest in enumerate(digests) if digest in store]
        if there and not np.array_equal(store.gather(digests[number] for number in there), right[there]):
            raise AssertionError("other rows than were stored")

    images = ImageSet([Item(str(number), "") for number in range(8)], None, [digest.hex() for digest in digests])  # type: ignore[arg-type]

    def embed(encoder: object, wanted: ImageSet) -> np.ndarray:
        return right[[int(item.id) for item in wanted.items]]

    def read_embeddings() -> None:
        if not np.array_equal(EmbeddingStore(embeddings, embed)(object(), images), right):  # type: ignore[arg-type]
            raise AssertionError("other rows than the encoder's")

    read_embeddings()
    database = place / "catalogue.sqlite"

    def read_database() -> None:
        for suffix in ("-wal", "-shm"):
            database.with_name(database.name + suffix).unlink(missing_ok=True)
        catalogue = Catalogue(database, photos)
        try:
            catalogue.update()
            for id, _ in catalogue.entries():
                catalogue.path(id)
                catalogue.digest(id)
            catalogue.problems(10)
            catalogue.cut_short()
        finally:
            catalogue._database.close()

    read_database()
    threshold = place / "thresholds" / "phash.json"
    calibrating.write_record(threshold, asdict(Calibration(0.5, "learned")))
    return [
        _kind("rows of a search index", 4, next(rows.glob("*.npy")), read_rows),
        _kind("embeddings", 4, next(embeddings.glob("*.npz")), read_embeddings),
        _kind("index database", 3, database, read_database),
        _kind("threshold", 3, threshold, lambda: if_intact(calibrating._read, threshold)),
    ]


def _archives(place: Path) -> list[Kind]:
    source = place / "source"
    for name in ("a/1.txt", "a/2.txt", "b/c/3.txt"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name * 40)
    found = []
    for form, suffix in (("tar", ".tar"), ("gztar", ".tar.gz"), ("zip", ".zip")):
        path = Path(shutil.make_archive(str(place / "archive"), form, source))
        target = place / f"unpacked{suffix}"

        def read(path: Path = path, target: Path = target) -> None:
            try:
                unpack(path, target, max_bytes=1 << 20, max_files=100)
            finally:
                shutil.rmtree(target, ignore_errors=True)

        more = [_stored_zip(source)] if form == "zip" else []
        found.append(_kind(f"archive, {suffix}", 6, path, read, *more))
    return found


def _stored_zip(source: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("a/1.txt", (source / "a/1.txt").read_bytes())
    return buffer.getvalue()


def _networks(place: Path) -> list[Kind]:
    import h5py

    from tests.fuzz.torch_state import torch_state

    tensors, h5 = place / "network.pth", place / "network.h5"
    tensors.write_bytes(torch_state())
    with h5py.File(h5, "w") as file:
        group = file.create_group("layer")
        group.attrs["weight_names"] = [b"kernel"]
        group.create_dataset("kernel", data=np.ones((20, 5)), chunks=(5, 5), compression="gzip")
        file.attrs["layer_names"] = [b"layer"]
    return [
        _kind("network, .pth", 6, tensors, lambda: read_tensors(tensors)),
        _kind("network, .h5 (in a process of its own)", 0.06, h5, lambda: h5_probe.crashes(h5)),
    ]


def _data(place: Path) -> list[Kind]:
    import scipy.io

    mat = place / "imdb.mat"
    dates = {"dob": np.arange(9.0), "name": np.array(["a", "ü"], dtype=object)}
    scipy.io.savemat(mat, {"imdb": dates}, do_compression=True)
    plain = io.BytesIO()
    scipy.io.savemat(plain, {"imdb": dates})

    def read_mat() -> None:
        try:
            mat_reader.read_struct(mat, "imdb", ("dob", "name"))
        except mat_reader.UnreadableError as error:
            raise DataError(str(error)) from error

    batches = place / "cifar" / "cifar-10-batches-bin"
    batches.mkdir(parents=True)
    records = np.random.default_rng(1).integers(0, 256, (20, 3073), dtype=np.uint8)
    records[:, 0] = np.arange(20) % 10
    (batches / "batches.meta.txt").write_text("\n".join("abcdefghij") + "\n\n")
    for name in ("data_batch_1.bin", "test_batch.bin"):
        (batches / name).write_bytes(records.tobytes())

    def read_batch() -> None:
        dataset = Cifar10(place / "cifar")
        for item in dataset.items():
            dataset.decode(dataset.read(item.id), item.id)

    photos = place / "lfw" / "lfw-deepfunneled"
    for name in ("Ann_Bo", "Cy_Do"):
        (photos / name).mkdir(parents=True)
        for number in range(1, 4):
            (photos / name / f"{name}_{number:04d}.jpg").write_bytes(b"not read")
    pairs = place / "lfw" / "pairs.txt"
    pairs.write_text("1\t2\nAnn_Bo\t1\t2\nCy_Do\t1\t3\nAnn_Bo\t1\tCy_Do\t2\nAnn_Bo\t3\tCy_Do\t1\n")
    note = photos / "ORIGIN.toml"
    note.write_text('official = false\ntitle = "drawn"\nwhat = "faces"\ndifferences = "all"\n')
    return [
        _kind(".mat (in a process of its own)", 0.06, mat, read_mat, plain.getvalue()),
        _kind("CIFAR-10 batch", 2, batches / "data_batch_1.bin", read_batch),
        _kind("LFW pairs", 3, pairs, lambda: Lfw(place / "lfw").pairs("full")),
        _kind("origin note", 3, note, lambda: own_images(photos)),
    ]
