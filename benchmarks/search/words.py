"""Searches in words: with a method whose network has a text side, in the rows that its pictures have already."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from benchmarks.core.inventory import can_run
from benchmarks.search.answer import Answer
from benchmarks.search.distinct import DEEPER, distinct
from benchmarks.search.errors import SearchError
from benchmarks.search.found import Found
from benchmarks.search.known_rows import KnownRows
from benchmarks.search.searcher import Searcher
from datasets.errors import WeightsError
from datasets.safe_text import one_line
from methods.installed import needs
from methods.networks.text_network import PACKAGES, TextNetwork, text_network
from methods.registry import Registry
from methods.spec import MethodSpec, TextSide
from methods.weights import require_weights

LONGEST = 1000
"""Characters; no network reads as many."""
ORDER = ("siglip2-b16", "clip-vit-b32")
"""Of the catalogue's methods that take words, the better first (on COCO and Flickr30k, in SigLIP 2's paper)."""
_NOT_CALIBRATED = "a score of words says which picture fits better, not whether one fits"


@dataclass(frozen=True)
class Words:
    """A query in words: one line."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "Words":
        """Raises SearchError for nothing, and for too much."""
        line = " ".join(text.split())
        if not line:
            raise SearchError("there are no words to search for: say what the picture shows, as 'a red car'")
        if len(line) > LONGEST:
            raise SearchError(f"{len(line):,} characters are more words than a method reads: use at most {LONGEST:,}")
        return cls(line)

    @property
    def name(self) -> str:
        """As it is printed."""
        return f"\N{LEFT DOUBLE QUOTATION MARK}{one_line(self.text)}\N{RIGHT DOUBLE QUOTATION MARK}"


def takes_no_words(spec: MethodSpec, weights: Path | None) -> str:
    """Why a method cannot be asked in words here, and what to do; "" where it can."""
    if spec.text is None:
        return "it compares pictures alone"
    try:
        for name in (spec.text.network, spec.text.tokenizer):
            if isinstance(name, str):
                require_weights(name, weights)
    except WeightsError as error:
        return str(error)
    return needs(PACKAGES)


def words_method(registry: Registry, weights: Path | None) -> str:
    """The id of the best method that can be asked in words here; raises SearchError where there is none."""
    for name in ORDER:
        spec = registry.get(name)
        if can_run(spec, weights)[0] == "yes" and not takes_no_words(spec, weights):
            return name
    wanted = f"{ORDER[-1]} {ORDER[-1]}-text {ORDER[-1]}-tokenizer"
    raise SearchError(
        f"no method that takes words is complete here: `fetch {wanted}` brings one, or name your own with "
        "-m onnx:IMAGE.onnx,text=TEXT.onnx,tokenizer=tokenizer.json"
    )


def find_words(searchers: Sequence[Searcher], words: Words, k: int, weights: Path | None, once: bool = False) -> Found:
    """Ask every searcher; raises SearchError for a method that takes no words, WeightsError for files that fail."""
    answers = tuple(ask_words(searcher, words, k, weights, once) for searcher in searchers)
    return Found(words, answers, (None,) * len(answers))


def ask_words(searcher: Searcher, words: Words, k: int, weights: Path | None, once: bool = False) -> Answer:
    """The best k pictures for the words; `once`: of hits that show the same picture the first alone."""
    if once:
        return distinct(ask_words(searcher, words, DEEPER * k, weights), searcher.gallery, k)
    spec, composed = searcher.spec, searcher.composed
    if spec.text is None or composed is None or (why := takes_no_words(spec, weights)):
        raise SearchError(f"{spec.id} cannot be asked in words: {why if spec.text else 'it compares pictures alone'}")
    start = time.perf_counter()
    network = _network(spec.text, weights)
    loaded = time.perf_counter()
    row = network.encode([words.text])
    known = searcher.indexed.rows
    if known is not None and known.shape[1:] != row.shape[1:]:
        raise SearchError(
            f"{spec.id}: its text side gives rows of {row.shape[1]} numbers, its pictures have {known.shape[1]}: "
            "name tensors that belong together (output, text_output)"
        )
    encoded = time.perf_counter()
    ranking = composed.search(KnownRows(row), k)
    searched = time.perf_counter()
    return Answer(
        method=spec.id,
        gallery=searcher.gallery.title,
        hits=tuple(replace(hit, chance=None) for hit in searcher.hits(ranking)),
        seconds={
            "load": searcher.load_seconds + loaded - start,
            "encode": encoded - loaded,
            "search": searched - encoded,
        },
        verdict="not calibrated",
        notes=(_NOT_CALIBRATED, *searcher.indexed.notes, *searcher.gallery.notes()),
        score_means="likeness of words and picture, larger is better",
    )


@lru_cache(maxsize=2)
def _network(side: TextSide, weights: Path | None) -> TextNetwork:
    """Kept: it takes seconds to read, and a server is asked again and again."""
    return text_network(side, weights)
