"""What pip prints, cut to a line now and then: every 20th package, large downloads, the installation, and errors."""

import re
import sys
from collections.abc import Iterable, Iterator

_EVERY = 20
_LARGE_MB = 50.0


def shortened(lines: Iterable[str]) -> Iterator[str]:
    """The lines that show how far an installation has come."""
    packages = 0
    for line in lines:
        text = line.strip()
        size = re.match(r"Downloading (\S+) \(([\d.]+) (MB|GB)\)", text)
        if text.startswith(("Collecting ", "Requirement already satisfied: ")):
            packages += 1
            if packages % _EVERY == 1:
                name = re.sub("^(Collecting|Requirement already satisfied:) ", "", text).split()[0]
                yield f"  package {packages}: {name}"
        elif size and float(size[2]) * (1000 if size[3] == "GB" else 1) >= _LARGE_MB:
            yield f"  downloading {size[1].rpartition('/')[2]}, {size[2]} {size[3]}"
        elif text.startswith("Installing collected packages"):
            count = text.count(",") + 1
            yield f"  installing {count} package{'s' if count > 1 else ''}"
        elif text.startswith(("ERROR", "Successfully installed")):
            yield f"  {text[:200]}"


if __name__ == "__main__":
    for shown in shortened(sys.stdin):
        print(shown, flush=True)
