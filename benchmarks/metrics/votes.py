"""What a vote of the k nearest neighbours would answer, ties included."""

import numpy as np


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


def vote_share_through_block(above: np.ndarray, block: np.ndarray, k: int, truth: int, void: int) -> float:
    """The same for one query whose k-th place falls inside a tie block.

    `above` and `block` are the label codes ranked strictly above the block and in it (`void` codes are no
    results). The block's results share the places left by those above: each has (k - above) / size of a vote,
    the expected number over random tie-breaks. Counted in units of 1 / size, so that equal votes compare equal.
    """
    certain = np.bincount(above, minlength=void + 1)[:void]
    shared = np.bincount(block, minlength=void + 1)[:void]
    votes = certain * shared.sum() + shared * (k - certain.sum())
    most = votes.max()
    return float(votes[truth] == most) / np.count_nonzero(votes == most)
