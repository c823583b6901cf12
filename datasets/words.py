"""Words for what is printed."""


def count_of(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 image", "1,024 images"; `plural` where it is not the noun with an s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
