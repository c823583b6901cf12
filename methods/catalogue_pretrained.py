"""Rows that embed an image with a network somebody else trained (and eigenfaces, what came before them).

Each is encoder x transforms x index. Rows of one network share the very same encoder, so that its embeddings are
computed once for all of them.
"""

from dataclasses import replace

from methods.catalogue_files import COPY_DETECTION, GENERAL
from methods.spec import InputContract, MethodSpec, Part

_CAFFE = "ImageNet mean subtracted"
_SYMMETRIC = "x / 127.5 - 1"
_PCA = "methods.transforms.pca:Pca"


def _backbone(network: str, **settings: object) -> Part:
    return Part("methods.encoders.backbone:Backbone", {"network": network, **settings})


def _pca(components: int, whiten: bool = False) -> Part:
    return Part(_PCA, {"components": components, "whiten": whiten})


def _neighbours(algorithm: str) -> Part:
    return Part("methods.indexes.neighbours:NearestNeighboursIndex", {"algorithm": algorithm})


_L2_NORMALISE = Part("methods.transforms.normalise:L2Normalise")
_EXACT_L2 = Part("methods.indexes.exact:ExactIndex", {"metric": "l2"})
_EXACT_COSINE = Part("methods.indexes.exact:ExactIndex", {"metric": "cosine"})
_KMEANS_6 = Part("methods.indexes.kmeans:KMeansIndex", {"clusters": 6, "nprobe": 1})
# R0: NearestNeighbors(algorithm="auto", metric="minkowski", p=2).
_MINKOWSKI = _neighbours("auto")


def _row(
    id: str,
    summary: str,
    source: str,
    encoder: Part,
    index: Part,
    input: InputContract,
    weights: str,
    transforms: tuple[Part, ...] = (),
) -> MethodSpec:
    return MethodSpec(
        id=id,
        family="embedding",
        summary=summary,
        source=source,
        encoder=encoder,
        transforms=transforms,
        index=index,
        input=input,
        weights=(weights,),
        # The same for all rows, whatever their index: embeddings are shared where these agree too.
        requires=("tensorflow", "keras", "cv2", "h5py", "sklearn"),
    )


def _index_variant(exact: MethodSpec, suffix: str, summary: str, index: Part) -> MethodSpec:
    """The vectors of `exact` in another index: judged by how much of the exact answer it keeps."""
    id = f"{exact.id}-{suffix}"
    return replace(exact, id=id, summary=summary, index=index, tasks=("retrieval",), reference=exact.id)


def _as_in_r0(network: str, summary: str, source: str, input: InputContract) -> tuple[MethodSpec, MethodSpec]:
    """R0's row on the flattened feature map, and the same network pooled. A small batch: the networks are large."""
    flat, pooled = (
        _row(
            network + suffix,
            summary.format(vector=vector),
            source,
            _backbone(network, pooling=pooling, size=input.size, batch_size=16),
            _MINKOWSKI,
            input,
            network,
        )
        for suffix, pooling, vector in (("", "flatten", "flattened"), ("-pooled", "avg", "pooled"))
    )
    return flat, pooled


_INCEPTION_RESNET_V2 = _as_in_r0(
    "inceptionresnetv2",
    "InceptionResNetV2 at 250x250, {vector}, Minkowski p=2",
    "R0; Szegedy 2016",
    InputContract((250, 250), "RGB", _SYMMETRIC),
)
_EFFICIENTNET_V2L = _as_in_r0(
    "efficientnetv2l",
    "EfficientNetV2L at 250x250, {vector}, Minkowski p=2",
    "R0; Tan & Le 2021",
    InputContract((250, 250), "RGB", "0-255, rescaled inside"),
)

_RESNET50 = _row(
    "resnet50",
    "ResNet50 pooled, 2048-d, Euclidean",
    "R2; He 2016",
    _backbone("resnet50", pooling="avg"),
    _EXACT_L2,
    InputContract((224, 224), "BGR", _CAFFE),
    "resnet50",
)


def _reduced_resnet50(suffix: str, summary: str, transform: Part) -> MethodSpec:
    """R2 reduced 2048 to 1500 by a method it does not name, and reports that fewer than 1000 do worse."""
    return replace(
        _RESNET50,
        id=f"resnet50-{suffix}",
        summary=f"ResNet50 pooled, {summary}, Euclidean",
        transforms=(transform,),
        learns=transform.target == _PCA,
        tasks=("retrieval",),
    )


_VGG16 = _row(
    "vgg16-fc1",
    "VGG16 fc1, 4096-d at unit length, Euclidean in numpy",
    "R3; Simonyan & Zisserman 2015",
    _backbone("vgg16-fc1"),
    _EXACT_L2,
    InputContract((224, 224), "BGR", _CAFFE),
    "vgg16",
    (_L2_NORMALISE,),
)


def _vgg16_pca(components: int, where: str) -> MethodSpec:
    return replace(
        _VGG16,
        id=f"vgg16-pca{components}-cosine",
        summary=f"VGG16 fc1 at unit length, PCA to {components} ({where}), cosine",
        transforms=(_L2_NORMALISE, _pca(components)),
        index=_EXACT_COSINE,
        learns=True,
        tasks=("retrieval", "unseen-classes"),
    )


_RESNET50_8192 = _row(
    "resnet50-8192",
    "ResNet50 at 64x64 flattened, 8192-d, Euclidean",
    "R4; He 2016",
    _backbone("resnet50", pooling="flatten", size=(64, 64)),
    _EXACT_L2,
    InputContract((64, 64), "BGR", _CAFFE),
    "resnet50",
)
_RESNET50_DENSE = replace(
    _RESNET50,
    id="resnet50-dense8192",
    summary="ResNet50 pooled, an untrained Dense(8192), Euclidean",
    source="R4; He 2016",
    transforms=(Part("methods.transforms.projection:RandomDense", {"units": 8192}),),
    tasks=("retrieval",),
)


PRETRAINED: tuple[MethodSpec, ...] = (
    # R0: whole feature maps against pooled ones.
    *_INCEPTION_RESNET_V2,
    *_EFFICIENTNET_V2L,
    # R1.
    _row(
        "inceptionv3",
        "InceptionV3 pooled, 2048-d, cosine",
        "R1; Szegedy 2015",
        _backbone("inceptionv3", pooling="avg"),
        _EXACT_COSINE,
        InputContract((299, 299), "RGB", _SYMMETRIC),
        "inceptionv3",
    ),
    # R2: ResNet, and how few of its 2048 numbers will do.
    _RESNET50,
    _index_variant(_RESNET50, "balltree", "the same through scikit-learn's ball tree", _neighbours("ball_tree")),
    *(
        _reduced_resnet50(f"{components}-pca", f"PCA to {components}", _pca(components))
        for components in (1500, 1000, 512, 256, 128)
    ),
    _reduced_resnet50(
        "1500-truncated",
        "the first 1500 numbers",
        Part("methods.transforms.truncation:Truncation", {"components": 1500}),
    ),
    _row(
        "resnet101",
        "ResNet101 pooled, frozen, batch 16, 2048-d, Euclidean",
        "R2; He 2016",
        _backbone("resnet101", pooling="avg", batch_size=16),
        _EXACT_L2,
        InputContract((224, 224), "BGR", _CAFFE),
        "resnet101",
    ),
    # R3: a fully connected layer as descriptor.
    _VGG16,
    _index_variant(_VGG16, "sklearn", "the same through scikit-learn's brute force", _neighbours("brute")),
    _vgg16_pca(700, "R3's text"),
    _vgg16_pca(400, "R3's code"),
    # R4: 8192 numbers in two readings, searched exactly and inside one of six clusters.
    _RESNET50_8192,
    _index_variant(_RESNET50_8192, "kmeans", "the same inside the query's cluster: KMeans K=6, then kNN", _KMEANS_6),
    _RESNET50_DENSE,
    _index_variant(_RESNET50_DENSE, "kmeans", "the same inside the query's cluster: KMeans K=6, then kNN", _KMEANS_6),
    # Networks whose weights are small, or come from a package index.
    _row(
        "mobilenetv2",
        "MobileNetV2 pooled, 1280-d, cosine",
        "Sandler 2018",
        _backbone("mobilenetv2", pooling="avg"),
        _EXACT_COSINE,
        InputContract((224, 224), "RGB", _SYMMETRIC),
        "mobilenetv2",
    ),
    _row(
        "efficientnet-lite0",
        "EfficientNet-Lite0 pooled, 1280-d, cosine",
        "Liu 2020; Tan & Le 2019",
        _backbone("efficientnet-lite0", pooling="avg"),
        _EXACT_COSINE,
        InputContract((224, 224), "RGB", "(x - 127) / 128"),
        "efficientnet-lite0",
    ),
    *COPY_DETECTION,
    *GENERAL,
    MethodSpec(
        id="dlib-resnet",
        family="face embedding",
        summary="HOG face, five landmarks, ResNet-29 128-d, Euclidean",
        source="King 2009; He 2016",
        encoder=Part("methods.encoders.dlib_face:DlibFace"),
        index=_EXACT_L2,
        input=InputContract((150, 150), "RGB", "0-255, scaled inside; the face upright with a quarter around it"),
        weights=("dlib-resnet",),
        # Not verification: View 2's 7,700 images would take it ten minutes, 80 ms a face on one core.
        tasks=("retrieval", "robustness"),
        content="faces",
        requires=("dlib", "face_recognition_models"),
    ),
    # What face recognition was before networks.
    MethodSpec(
        id="eigenfaces",
        family="pixels",
        summary="the middle half in grey at 64x64, PCA to 150, whitened, cosine",
        source="Turk & Pentland 1991",
        encoder=Part("methods.encoders.grey:GreyPixels", {"side": 64, "middle": 0.5}),
        transforms=(_pca(150, whiten=True),),
        index=_EXACT_COSINE,
        input=InputContract((64, 64), "grey", "x / 255"),
        content="faces",
        learns=True,
        tasks=("retrieval", "unseen-classes", "robustness"),
        requires=("cv2", "sklearn"),
    ),
)
