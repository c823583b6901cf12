"""Hashes beyond imagehash's four: PDQ, those of OpenCV's img_hash, and the crop-resistant one."""

from methods.spec import MethodSpec, Part, Task

_WITHOUT_VIEWS: tuple[Task, ...] = ("retrieval", "robustness", "verification")
# Two images are compared as they are there: neither turned, nor mirrored, nor segment by segment.
_WITH_VIEWS: tuple[Task, ...] = ("retrieval", "robustness")
_HAMMING = Part("methods.indexes.hamming:HammingIndex")


def _pdq(suffix: str, summary: str, views: int, tasks: tuple[Task, ...]) -> MethodSpec:
    return MethodSpec(
        id=f"pdq{suffix}",
        family="hash",
        summary=summary,
        source="Facebook ThreatExchange 2019",
        encoder=Part("methods.encoders.pdq:Pdq", {"views": views}),
        index=Part("methods.indexes.sign_bits:SignBitsIndex", {"views": views}),
        tasks=tasks,
        requires=("pdqhash", "faiss"),
    )


def _opencv(kind: str, summary: str, source: str, index: Part, tasks: tuple[Task, ...] = _WITHOUT_VIEWS) -> MethodSpec:
    return MethodSpec(
        id=kind,
        family="hash",
        summary=summary,
        source=source,
        encoder=Part("methods.encoders.opencv_hashes:OpenCvHash", {"kind": kind}),
        index=index,
        tasks=tasks,
        requires=("cv2", "faiss") if index is _HAMMING else ("cv2",),
    )


MORE_HASHES: tuple[MethodSpec, ...] = (
    _pdq("", "256-bit PDQ hash, Hamming", 1, _WITHOUT_VIEWS),
    _pdq("-symmetric", "256-bit PDQ hash, the query turned and mirrored in all eight ways, Hamming", 8, _WITH_VIEWS),
    _opencv("block-mean", "256-bit hash of block means, Hamming", "Yang, Gu & Niu 2006", _HAMMING),
    _opencv("marr-hildreth", "576-bit Marr-Hildreth edge hash, Hamming", "Zauner 2010", _HAMMING),
    _opencv(
        "radial-variance",
        "40 radial variances, peak of the cross-correlation",
        "De Roover 2005; Zauner 2010",
        Part("methods.indexes.correlation_peak:CorrelationPeakIndex"),
        _WITH_VIEWS,
    ),
    _opencv(
        "colour-moments",
        "42 invariant moments of HSV and YCrCb, Euclidean",
        "Tang, Dai & Zhang 2012",
        Part("methods.indexes.exact:ExactIndex", {"metric": "l2"}),
    ),
    MethodSpec(
        id="crop-resistant",
        family="hash",
        summary="gradient hashes of the image's segments, number of those that match",
        source="Steinebach, Liu & Yannikos 2014",
        method=Part("methods.crop_resistant:CropResistantHash"),
        tasks=_WITH_VIEWS,
        requires=("imagehash", "PIL", "cv2", "faiss"),
    ),
)
