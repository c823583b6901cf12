"""Real images for tests of encoders, and the plainest measure of what their rows are worth."""

import numpy as np


def cifar_images(data_dir, count):
    """The first `count` images of CIFAR-10's first batch, and their labels."""
    path = data_dir / "cifar10" / "cifar-10-batches-bin" / "data_batch_1.bin"
    records = np.fromfile(path, dtype=np.uint8, count=count * 3073).reshape(count, 3073)
    return list(records[:, 1:].reshape(count, 3, 32, 32).transpose(0, 2, 3, 1)), records[:, 0]


def nearest_is_right(rows, labels, queries):
    """Share of the last `queries` rows whose nearest row among the others, by cosine, has the same label."""
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    nearest = (rows[-queries:] @ rows[:-queries].T).argmax(axis=1)
    return float((labels[nearest] == labels[-queries:]).mean())


def lfw_image(data_dir, name, number):
    """One photograph of LFW, RGB."""
    import cv2

    path = data_dir / "lfw" / "lfw-deepfunneled" / name / f"{name}_{int(number):04d}.jpg"
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
