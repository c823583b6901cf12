"""What a vote of the k nearest neighbours would answer, ties included."""

from functools import lru_cache
from math import comb
from typing import NamedTuple

import numpy as np

Count = tuple[int, int]
"""Of one label: its votes above the tied block, its images in the block."""


def vote_shares(labels: np.ndarray, truth: np.ndarray, void: int) -> np.ndarray:
    """Share of the winning label that is the true one, where the voters are known: (q,) float64.

    Args:
        labels: (q, k) label codes of the voters; `void` marks places without one.
        truth: (q,) the code to be found.
        void: the code that casts no vote.

    Each voter has one vote, the most voted label wins; when several tie for the win and the true one is among
    them the share is 1 / their number. Where nobody votes it is 0.
    """
    voters = labels != void
    ballots = (labels[:, :, None] == labels[:, None, :]).sum(axis=2) * voters
    most = ballots.max(axis=1, initial=0)
    for_truth = ((labels == truth[:, None]) & voters).sum(axis=1)
    # A label with `most` votes has `most` voters, so voters of winners / most = number of winners.
    voters_of_winners = (voters & (ballots == most[:, None])).sum(axis=1)
    return np.where((most > 0) & (for_truth == most), most / np.maximum(voters_of_winners, 1), 0.0)


class Block(NamedTuple):
    """What a vote that a tie block decides depends on, beside how many vote."""

    above: int
    """Voters ranked strictly above the block."""
    own: Count
    others: tuple[tuple[Count, int], ...]
    """Counts of the other labels, and how many labels have these."""

    def share(self, k: int) -> float:
        """The expected share where k vote; the places left by those above are a draw without replacement."""
        return expected_share(k - self.above, self.own, self.others)


def counted_block(above: np.ndarray, block: np.ndarray, truth: int, void: int) -> Block:
    """From the label codes ranked strictly above a block and in it (`void` codes are no results)."""
    above, block = above[above != void], block[block != void]
    codes = 1 + max(truth, int(above.max(initial=0)), int(block.max(initial=0)))
    certain, tied = np.bincount(above, minlength=codes), np.bincount(block, minlength=codes)
    own = int(certain[truth]), int(tied[truth])
    # Counts as one number a label, which sorts as the pairs do: thousands of labels in a block are the rule for a
    # method whose answers all tie, and np.unique of pairs takes milliseconds.
    base = len(block) + 1
    pairs = certain * base + tied
    pairs[truth] = 0
    counts, repeats = np.unique(pairs[pairs > 0], return_counts=True)
    others = tuple(((c // base, c % base), r) for c, r in zip(counts.tolist(), repeats.tolist(), strict=True))
    return Block(len(above), own, others)


@lru_cache(maxsize=100_000)
def expected_share(draws: int, own: Count, others: tuple[tuple[Count, int], ...]) -> float:
    """Expected share of a label's win when `draws` images are drawn from a tied block without replacement.

    Args:
        draws: places that the block fills, at most its images.
        own: counts of the label sought.
        others: counts of the other labels, and how many labels have these.

    With M votes for the label and J others that have M too it wins 1 / (1 + J), the integral of y^J over y in [0, 1]:
    so a label contributes the polynomial in z, the places it takes, of the ways to stay below M votes plus y times
    those to reach M, and the coefficient of all places in the product is integrated by Gauss-Legendre quadrature of
    enough nodes to be exact. Every term is positive: nothing cancels.
    """
    least = max([own[0], 1, *(certain for (certain, _), _ in others)])
    wins = range(least, own[0] + min(own[1], draws) + 1)
    if not wins:
        return 0.0
    votes = draws + own[0] + sum(certain * labels for (certain, _), labels in others)
    rules = [_nodes((votes - win) // win // 2 + 1) for win in wins]
    most = np.repeat(np.array(wins), [len(nodes) for nodes, _ in rules])
    y, weights = (np.concatenate(part) for part in zip(*rules, strict=True))
    ways = np.zeros((len(most), draws + 1))
    ways[:, 0] = 1.0
    for (certain, tied), labels in others:
        taken = np.arange(min(tied, draws) + 1)
        reached = certain + taken
        choices = np.array([comb(tied, int(number)) for number in taken], dtype=np.float64)
        one = np.zeros_like(ways)
        one[:, taken] = choices * np.where(reached < most[:, None], 1.0, (reached == most[:, None]) * y[:, None])
        ways = _times(ways, _power(one, labels))
    own_ways = np.array([comb(own[1], int(number)) for number in most - own[0]], dtype=np.float64)
    found = ways[np.arange(len(most)), draws - (most - own[0])]
    block = own[1] + sum(tied * labels for (_, tied), labels in others)
    return float(np.sum(weights * own_ways * found) / comb(block, draws))


@lru_cache(maxsize=64)
def _nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss-Legendre quadrature on [0, 1], exact for polynomials of degree 2 x count - 1."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2


def _times(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Products (n, d) of polynomials, row by row, the coefficients from d on cut off."""
    n, width = left.shape
    padded = np.zeros((n, 2 * width - 1))
    padded[:, width - 1 :] = right
    row, step = padded.strides
    # (n, d, d): row i moved by i places. sliding_window_view would do, but takes longer than the products.
    shifted = np.ndarray((n, width, width), padded.dtype, padded, (width - 1) * step, (row, -step, step))
    return (left[:, None, :] @ shifted)[:, 0, :]


def _power(base: np.ndarray, exponent: int) -> np.ndarray:
    """The `exponent`-th powers (>= 1), by repeated squaring."""
    result = None
    while exponent:
        if exponent & 1:
            result = base if result is None else _times(result, base)
        exponent >>= 1
        if exponent:
            base = _times(base, base)
    assert result is not None
    return result
