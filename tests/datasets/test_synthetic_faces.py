"""The drawn faces are faces: MTCNN finds them and FaceNet tells the people apart, which raw pixels hardly do."""

import numpy as np
import pytest

from datasets.synthetic import stand_in

PEOPLE, PICTURES = 20, 3
CROP = 160
MARGIN = 1.2


@pytest.fixture(scope="module", params=["lfw", "imdb-wiki"])
def faces(request):
    """Up to 60 drawn faces, PICTURES a person: images (n, side, side, 3) and their people (n,)."""
    dataset = stand_in(request.param)
    by_person = {}
    for item in dataset.items():
        by_person.setdefault(item.label, []).append(item)
    several = [items for items in by_person.values() if len(items) >= PICTURES][:PEOPLE]
    # First, middle and last picture: the celebrities age from first to last.
    chosen = [items[position] for items in several for position in (0, len(items) // 2, -1)]
    imageset = dataset.imageset(chosen)
    return np.stack(list(imageset)), imageset.labels


@pytest.fixture(scope="module")
def boxes(faces):
    """The largest face MTCNN finds in each image, (x, y, width, height), or None."""
    from mtcnn import MTCNN

    images, _ = faces
    found = MTCNN().detect_faces(list(images))
    return [max((face["box"] for face in each), key=lambda box: box[2] * box[3], default=None) for each in found]


def leave_one_out(rows, labels):
    """The share of rows whose nearest other row has their label."""
    rows = rows.reshape(len(rows), -1).astype(np.float64)
    distances = (rows**2).sum(1)[:, None] + (rows**2).sum(1) - 2 * rows @ rows.T
    np.fill_diagonal(distances, np.inf)
    return (labels[distances.argmin(axis=1)] == labels).mean()


def test_mtcnn_finds_nine_in_ten(boxes):
    assert np.mean([box is not None for box in boxes]) >= 0.9


def test_facenet_tells_people_apart_far_above_chance(faces, boxes, weights_dir):
    import cv2

    from methods.layer_weights import load_layer_weights
    from methods.networks.inception_resnet_v1 import inception_resnet_v1

    images, people = faces
    network = inception_resnet_v1(512)
    load_layer_weights(network, weights_dir / "inception_resnet_v1_512.h5")
    crops = []
    for image, (x, y, width, height) in ((i, b) for i, b in zip(images, boxes, strict=True) if b is not None):
        scale = CROP / (MARGIN * max(width, height))
        shift = CROP / 2 - scale * np.array([x + width / 2, y + height / 2])
        crops.append(cv2.warpAffine(image, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), (CROP, CROP)))
    pixels = (np.stack(crops).astype(np.float32) - 127.5) / 127.5
    embeddings = np.asarray(network(pixels, training=False))
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    detected = people[[box is not None for box in boxes]]
    assert leave_one_out(unit, detected) >= 0.8


def test_raw_pixels_hardly_tell_people_apart(faces):
    import cv2

    images, people = faces
    small = np.stack([cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA) for image in images])
    assert leave_one_out(small, people) <= 0.5
