"""The rows whose network is trained on the gallery's labels. Part of the catalogue."""

from methods.spec import InputContract, MethodSpec, Part, Task

_KERAS = ("tensorflow", "keras", "cv2")


def _cnn4(suffix: str, summary: str, part: Part, tasks: tuple[Task, ...]) -> MethodSpec:
    return MethodSpec(
        id=f"cnn4-{suffix}",
        family="classifier" if suffix == "softmax" else "embedding",
        summary=summary,
        source="R1",
        method=part,
        input=InputContract((32, 32), "RGB", "x / 255, inside the network"),
        supervised=True,
        tasks=tasks,
        requires=_KERAS,
    )


TRAINED: tuple[MethodSpec, ...] = (
    MethodSpec(
        id="cnn3",
        family="embedding",
        summary="3-conv CNN trained on the gallery, flattened 107,648-d features, Euclidean",
        source="R0",
        method=Part("methods.trained.cnn3:cnn3_neighbours"),
        input=InputContract((250, 250), "RGB", "x / 255, inside the network"),
        supervised=True,
        tasks=("retrieval",),
        requires=(*_KERAS, "sklearn"),
    ),
    _cnn4(
        "embedding",
        "4-conv CNN from CIFAR-10, fine-tuned on the gallery, 512-d penultimate layer, cosine",
        Part("methods.trained.cnn4:cnn4_embedding"),
        ("retrieval", "unseen-classes", "robustness"),
    ),
    _cnn4(
        "siftcrop",
        "the same on the window with the strongest SIFT keypoints",
        Part("methods.trained.cnn4:cnn4_embedding", {"sift_crop": True}),
        ("retrieval",),
    ),
    _cnn4(
        "softmax",
        "the same network's class probabilities, ranking by confidence",
        Part("methods.trained.cnn4:Cnn4Softmax"),
        ("retrieval", "unseen-classes"),
    ),
    MethodSpec(
        id="inceptionv3-trained",
        family="embedding",
        summary="InceptionV3 trained on from ImageNet on the gallery's people, 2048-d, cosine",
        source="R1; Szegedy 2016",
        method=Part("methods.trained.fine_tuned:inceptionv3_trained"),
        input=InputContract((299, 299), "RGB", "x / 127.5 - 1"),
        weights=("inceptionv3",),
        supervised=True,
        tasks=("retrieval", "unseen-classes"),
        content="faces",
        requires=(*_KERAS, "h5py"),
    ),
    MethodSpec(
        id="resnet101-adamax",
        family="embedding",
        summary="ResNet101 trained on from ImageNet by Adamax, batch 16, 2048-d, Euclidean",
        source="R2; He 2016; Kingma & Ba 2015",
        method=Part("methods.trained.fine_tuned:resnet101_adamax"),
        input=InputContract((224, 224), "BGR", "less ImageNet's mean colour"),
        weights=("resnet101",),
        supervised=True,
        tasks=("retrieval", "unseen-classes"),
        content="faces",
        requires=(*_KERAS, "h5py"),
    ),
)
