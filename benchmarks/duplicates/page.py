"""The groups on one page to review them: side by side, by keyboard or touch, with a list of what was marked.

The page needs nothing beside it and changes nothing: pictures are inside, marks stay in the browser.
"""

from pathlib import Path

from benchmarks.duplicates.finding import Finding
from benchmarks.duplicates.picture import Picture
from benchmarks.duplicates.written import told
from benchmarks.search.gallery import Advance
from benchmarks.search.show.thumbs import data_uri, gallery_thumb
from benchmarks.system.files import write_text
from benchmarks.system.page_templates import page_environment
from datasets.safe_text import visible
from datasets.words import count_of, score_text

SIDE = 360
"""Pixels of a picture's longer side."""
MOST = 1000
"""Pictures on the page (30 MB); a browser becomes slow with more."""


def write_page(path: Path, finding: Finding, advance: Advance) -> None:
    """Write the page of the first groups; where they are too many for one, it says how many are left out."""
    environment = page_environment("benchmarks.duplicates")
    groups: list[list[dict[str, object]]] = []
    held = 0
    for group in finding.groups:
        if held and held + len(group) > MOST:
            break
        groups.append([_shown(finding, picture, group[0]) for picture in group[:MOST]])
        held += len(groups[-1])
        advance("drawing the page", len(groups[-1]), None)
    notes = told(finding)
    if left := len(finding.groups) - len(groups):
        notes.append(f"{count_of(left, 'more group')} not on this page: --csv writes all of them")
    if cut := sum(map(len, finding.groups[: len(groups)])) - held:
        notes.append(f"{count_of(cut, 'more picture')} of a large group not on this page: --csv writes all of them")
    template = environment.get_template("review.html.j2")
    write_text(path, template.render(folder=finding.folder, method=finding.method, groups=groups, notes=notes))


def _shown(finding: Finding, picture: Picture, best: Picture) -> dict[str, object]:
    thumb = gallery_thumb(finding.gallery, picture.id, SIDE)
    return {
        "path": picture.path,
        "picture": data_uri(thumb) if thumb else None,
        "facts": facts_of(picture, best),
        "best": picture is best,
        "listable": is_listable(finding, picture),
    }


def facts_of(picture: Picture, best: Picture) -> list[str]:
    """What is said of one of a group's pictures beside its name."""
    if not picture.width:
        return ["gone, or cannot be read any more"]
    facts = [f"{picture.width} × {picture.height}", _size(picture.bytes), f"sharpness {picture.sharpness:.1f}"]
    if picture is not best:
        facts.append("the same file" if picture.content == best.content else f"score {score_text(picture.score, 3)}")
    return facts


def is_listable(finding: Finding, picture: Picture) -> bool:
    """Whether its name can stand in a list of lines."""
    name = str(finding.gallery.file(picture.id).relative_to(finding.gallery.root))
    return visible(name) == name


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1_000_000 else f"{count / 1000:.0f} kB"
