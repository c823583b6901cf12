"""The classical methods at their best: colour, gradients, and local features aggregated, indexed and verified."""

from methods.spec import MethodSpec, Part

_EXACT_COSINE = Part("methods.indexes.exact:ExactIndex", {"metric": "cosine"})
_SEARCH = "methods.local_features.aggregated_search"


def _bag_of_words(suffix: str, summary: str, source: str, verify: bool) -> MethodSpec:
    return _local(f"sift-bovw{suffix}", summary, source, Part(f"{_SEARCH}:bag_of_words_search", {"verify": verify}))


def _vlad(suffix: str, summary: str, source: str, verify: bool) -> MethodSpec:
    return _local(f"sift-vlad{suffix}", summary, source, Part(f"{_SEARCH}:vlad_search", {"verify": verify}))


def _local(id: str, summary: str, source: str, method: Part, learns: bool = True) -> MethodSpec:
    return MethodSpec(
        id=id,
        family="local features",
        summary=summary,
        source=source,
        method=method,
        learns=learns,
        requires=("cv2", "faiss", "sklearn"),
    )


def _binary(detector: str, source: str) -> MethodSpec:
    return MethodSpec(
        id=detector,
        family="local features",
        summary=f"{detector.upper()}, number of ratio-test matches of its bits",
        source=source,
        method=Part("methods.local_features.binary_matching:BinaryMatching", {"detector": detector}),
        tasks=("retrieval", "robustness", "verification"),
        requires=("cv2", "faiss"),
    )


CLASSICAL: tuple[MethodSpec, ...] = (
    # Global descriptors.
    MethodSpec(
        id="colour-histogram",
        family="pixels",
        summary="256-bin HSV histogram, Hellinger",
        source="Swain & Ballard 1991",
        encoder=Part("methods.encoders.colour_histogram:ColourHistogram"),
        index=_EXACT_COSINE,
        tasks=("retrieval", "robustness", "verification"),
        requires=("cv2",),
    ),
    MethodSpec(
        id="hog",
        family="pixels",
        summary="HOG of the image at 64x64, cosine",
        source="Dalal & Triggs 2005",
        encoder=Part("methods.encoders.hog:Hog"),
        index=_EXACT_COSINE,
        tasks=("retrieval", "robustness", "verification"),
        requires=("cv2",),
    ),
    # SIFT: R1's third aggregation, then what the field made of it.
    MethodSpec(
        id="sift-mean-distance",
        family="local features",
        summary="SIFT, mean distance of the query's descriptors to their nearest",
        source="R1; Lowe 2004",
        method=Part("methods.sift:SiftMatching", {"aggregate": "mean-distance"}),
        tasks=("retrieval", "robustness"),
        requires=("cv2",),
    ),
    _local(
        "sift-indexed",
        "RootSIFT in an inverted file, votes of near descriptors, the best re-ranked by RANSAC inliers",
        "McCann & Lowe 2012; Arandjelovic & Zisserman 2012",
        Part("methods.local_features.indexed_search:IndexedSearch"),
        learns=False,
    ),
    _bag_of_words("", "RootSIFT, 2,000 visual words, tf-idf, cosine", "Sivic & Zisserman 2003", verify=False),
    _bag_of_words("-ransac", "the same, the best re-ranked by RANSAC inliers", "Philbin et al. 2007", verify=True),
    _vlad("", "RootSIFT, VLAD of 64 words, PCA to 512-d, cosine", "Jegou 2010; Arandjelovic 2013", verify=False),
    _vlad("-ransac", "the same, the best re-ranked by RANSAC inliers", "Jegou 2010; Philbin 2007", verify=True),
    # Features of bits.
    _binary("orb", "Rublee et al. 2011"),
    _binary("akaze", "Alcantarilla et al. 2013"),
)
