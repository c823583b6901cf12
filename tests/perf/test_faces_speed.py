"""MTCNN + FaceNet over a gallery beside deepface's loop: the same detector networks, the same FaceNet weights.

deepface looks for its weights in a folder and would download them otherwise; it is given the file that ours reads,
which has the layout of the public one.
"""

import os
import shutil

import numpy as np
import pytest
from paired import compare

from methods.encoders.facenet import MtcnnFaceNet
from methods.weights import find_weights

GALLERY, LOOP = 192, 12
TIMES_FASTER = 15


@pytest.fixture
def weights(weights_dir):
    found = find_weights("facenet-512", weights_dir) or find_weights("facenet-512-half", weights_dir)
    if found is None:
        pytest.skip("faces, MTCNN + FaceNet: no FaceNet weights here")
    return found.path


def test_faces_beside_deepface(benchmark, pictures, peer_module, weights, tmp_path, monkeypatch):
    path = "faces, MTCNN + FaceNet 512-d"
    folder = tmp_path / ".deepface" / "weights"
    folder.mkdir(parents=True)
    shutil.copyfile(weights, folder / "facenet512_weights.h5")
    monkeypatch.setitem(os.environ, "DEEPFACE_HOME", str(tmp_path))
    monkeypatch.setitem(os.environ, "DEEPFACE_BACKEND_ENGINE", "tensorflow")
    deepface = peer_module("deepface.DeepFace", f"{path}, beside deepface")
    encoder, gallery = MtcnnFaceNet(weights), pictures[:GALLERY]
    bgr = [np.ascontiguousarray(picture[..., ::-1]) for picture in gallery[:LOOP]]

    def loop():
        return [
            deepface.represent(
                image, model_name="Facenet512", detector_backend="mtcnn", enforce_detection=False, max_faces=1
            )
            for image in bgr
        ]

    theirs = np.array([faces[0]["embedding"] for faces in loop()])
    assert theirs.shape == (LOOP, 512) and not np.isnan(theirs).any()
    compare(
        benchmark,
        path,
        lambda: encoder.encode(gallery),
        "deepface represent, image by image",
        loop,
        items=GALLERY,
        peer_items=LOOP,
        unit="image",
        target=TIMES_FASTER,
        rounds=5,
        peer_warm_up=False,
    )
