"""Everything the benchmark compares, top to bottom. An entry is data; nothing heavy is imported until it is built."""

from methods.catalogue_classical import CLASSICAL
from methods.catalogue_files import FACES
from methods.catalogue_hashes import MORE_HASHES
from methods.catalogue_pretrained import PRETRAINED
from methods.catalogue_reranked import reranked
from methods.catalogue_trained import TRAINED
from methods.spec import InputContract, MethodSpec, Part, Task

ALL_TASKS: tuple[Task, ...] = ("retrieval", "robustness", "verification")


_HAMMING = Part("methods.indexes.hamming:HammingIndex")


def _hash(
    kind: str,
    summary: str,
    source: str,
    suffix: str = "",
    index: Part = _HAMMING,
    tasks: tuple[Task, ...] = ALL_TASKS,
) -> MethodSpec:
    return MethodSpec(
        id=f"{kind}{suffix}",
        family="hash",
        summary=summary,
        source=source,
        encoder=Part("methods.encoders.hashes:PerceptualHash", {"kind": kind}),
        index=index,
        tasks=tasks,
        reference=kind if suffix else "",
        requires=("imagehash", "PIL", "cv2", "faiss"),
    )


def _facenet(
    suffix: str, summary: str, source: str, index: Part, dimension: int = 512, tasks: tuple[Task, ...] = ("retrieval",)
) -> MethodSpec:
    names = {512: ("facenet-512", "facenet-512-half"), 128: ("facenet-128",)}
    scaling = {512: "(x - 127.5) / 127.5, L2-normalised output", 128: "per-image whitening, L2-normalised output"}
    return MethodSpec(
        id=f"mtcnn-facenet{suffix}",
        family="face embedding",
        summary=summary,
        source=source,
        encoder=Part("methods.encoders.facenet:MtcnnFaceNet", {"dimension": dimension}),
        index=index,
        input=InputContract((160, 160), "RGB", scaling[dimension]),
        weights=names[dimension],
        tasks=tasks,
        content="faces",
        reference="mtcnn-facenet" if tasks == ("retrieval",) else "",
        requires=("tensorflow", "keras", "mtcnn", "cv2", "h5py", "sklearn"),
    )


_EXACT_L2 = Part("methods.indexes.exact:ExactIndex", {"metric": "l2"})
_EXACT_COSINE = Part("methods.indexes.exact:ExactIndex", {"metric": "cosine"})
_IVFPQ = Part(
    "methods.indexes.faiss_ivf:FaissIvfPqIndex", {"metric": "cosine", "nlist": 32, "nprobe": 8, "subvectors": 64}
)
_PIXELS = Part("methods.encoders.pixels:Pixels")


def _neighbours(algorithm: str) -> Part:
    return Part("methods.indexes.neighbours:NearestNeighboursIndex", {"algorithm": algorithm})


def _rows_on_disk(codes: str) -> Part:
    return Part("methods.indexes.faiss_codes:FaissCodesIndex", {"metric": "cosine", "codes": codes, "rerank": 100})


_FIRST: tuple[MethodSpec, ...] = (
    # Canaries: where the protocol itself is right or wrong. Chance level twice, and the upper bound.
    MethodSpec(
        id="random",
        family="canary",
        summary="a random score for every gallery image",
        source="protocol",
        method=Part("methods.canaries:RandomRanking"),
        tasks=ALL_TASKS,
    ),
    MethodSpec(
        id="constant",
        family="canary",
        summary="the same score for every gallery image: one great tie",
        source="protocol",
        method=Part("methods.canaries:ConstantRanking"),
        tasks=ALL_TASKS,
    ),
    MethodSpec(
        id="oracle",
        family="canary",
        summary="ranks by label equality: the upper bound of every metric",
        source="protocol",
        method=Part("methods.canaries:Oracle"),
        supervised=True,
        tasks=("retrieval", "verification"),
    ),
    # Pixels and perceptual hashes.
    MethodSpec(
        id="pixels",
        family="pixels",
        summary="32x32 RGB pixels, Euclidean",
        source="protocol (baseline)",
        encoder=_PIXELS,
        index=_EXACT_L2,
        input=InputContract((32, 32), "RGB", "x / 255"),
        tasks=ALL_TASKS,
        requires=("cv2",),
    ),
    _hash("phash", "64-bit DCT hash, Hamming", "R1; Zauner 2010"),
    _hash("dhash", "64-bit gradient hash, Hamming", "Krawetz 2013"),
    _hash("ahash", "64-bit mean hash, Hamming", "Krawetz 2011"),
    _hash("whash", "64-bit Haar wavelet hash, Hamming", "imagehash"),
    _hash(
        "phash",
        "the 64-bit DCT hash through multi-index hashing, exact",
        "Norouzi 2012",
        "-mih",
        Part("methods.indexes.multi_index_hashing:MultiIndexHashing"),
        tasks=("retrieval",),
    ),
    *MORE_HASHES,
    # Local features.
    MethodSpec(
        id="sift",
        family="local features",
        summary="SIFT, number of ratio-test matches",
        source="R1; Lowe 2004",
        method=Part("methods.sift:SiftMatching", {"verify": False}),
        tasks=ALL_TASKS,
        requires=("cv2",),
    ),
    MethodSpec(
        id="sift-ransac",
        family="local features",
        summary="SIFT, the best by ratio-test matches re-ranked by RANSAC inliers",
        source="R1; Fischler & Bolles 1981",
        method=Part("methods.sift:SiftMatching", {"verify": True}),
        tasks=ALL_TASKS,
        requires=("cv2",),
    ),
    *CLASSICAL,
    # Classifiers used as search.
    MethodSpec(
        id="svm",
        family="classifier",
        summary="RBF SVM on 32x32 pixels, ranking by decision value",
        source="R1; Cortes & Vapnik 1995",
        method=Part("methods.svm:SvmClassifier", {"features": "pixels"}),
        supervised=True,
        tasks=("retrieval", "unseen-classes"),
        requires=("sklearn", "scipy", "cv2"),
    ),
    MethodSpec(
        id="svm-hog",
        family="classifier",
        summary="RBF SVM on HOG, ranking by decision value",
        source="R1; Dalal & Triggs 2005",
        method=Part("methods.svm:SvmClassifier", {"features": "hog"}),
        supervised=True,
        tasks=("retrieval", "unseen-classes"),
        requires=("sklearn", "scipy", "cv2"),
    ),
    # Networks trained on the gallery's labels, then networks somebody else trained.
    *TRAINED,
    *PRETRAINED,
    # Faces.
    _facenet("", "MTCNN face, FaceNet 512-d, cosine", "R3; Zhang 2016; Schroff 2015", _EXACT_COSINE, tasks=ALL_TASKS),
    _facenet("-balltree", "the same through scikit-learn's ball tree", "R2, R3", _neighbours("ball_tree")),
    _facenet("-kdtree", "the same through scikit-learn's k-d tree", "R3", _neighbours("kd_tree")),
    _facenet("-brute", "the same through scikit-learn's brute force", "R3", _neighbours("brute")),
    _facenet(
        "-kmeans",
        "the same inside the query's cluster: KMeans K=6, then kNN",
        "R4",
        Part("methods.indexes.kmeans:KMeansIndex", {"clusters": 6, "nprobe": 1}),
    ),
    # Milvus is imported when it is built, not named in `requires`: the row shares the embeddings of those above.
    _facenet(
        "-milvus",
        "the same in Milvus Lite, the embedded vector database (FLAT: exact)",
        "R4 (its future work); Wang et al. 2021",
        Part("methods.indexes.milvus:MilvusIndex", {"metric": "cosine", "index_type": "FLAT"}),
    ),
    _facenet(
        "-ivfpq",
        "the same as codes of 64 bytes, 8 of 32 lists searched: faiss's IVF-PQ",
        "Jégou 2011",
        _IVFPQ,
    ),
    _facenet(
        "-sq8",
        "the same as codes of a byte a number, the best 100 compared by rows on disk: faiss's scalar quantiser",
        "Douze et al. 2024 (faiss)",
        _rows_on_disk("sq8"),
    ),
    _facenet(
        "-rabitq",
        "the same as codes of a bit a number, the best 100 compared by rows on disk: faiss's RaBitQ",
        "Gao & Long 2024",
        _rows_on_disk("rabitq"),
    ),
    _facenet(
        "-signs",
        "the same as signs about the mean, the best 100 compared by rows on disk",
        "Charikar 2002",
        _rows_on_disk("signs"),
    ),
    *FACES,
    _facenet("-128", "MTCNN face, FaceNet 128-d, Euclidean", "R3, R4", _EXACT_L2, dimension=128, tasks=ALL_TASKS),
)

# Rows that rank again what others found.
CATALOGUE: tuple[MethodSpec, ...] = (*_FIRST, *reranked(_FIRST))
