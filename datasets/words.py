"""Words for what is printed."""

from collections.abc import Sequence


def count_of(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 image", "1,024 images"; `plural` where it is not the noun with an s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def duration(seconds: float) -> str:
    """About how long, for people: "45 s", "12 min", "2 h 5 min"."""
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def score_text(score: float, digits: int = 4) -> str:
    """A score in so many significant digits, and in more where these would call 1 what is less: "0.99997"."""
    while digits < 17 and score < 1 <= float(f"{score:.{digits}g}"):
        digits += 1
    return f"{score:.{digits}g}"
