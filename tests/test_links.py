"""Every relative link in README, the guides and the published pages leads to a file, and its anchor to a heading."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("results/reference/**/*.md")]
_LINK = re.compile(r"\]\(([^()\s]+)\)")


def without_code(text):
    """Fenced blocks and code spans hold no links, and no headings."""
    text = re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "``", text)


def anchors(path):
    """The ids that GitHub gives the headings of a page."""
    text = re.sub(r"^(```|~~~).*?^\1", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    found = set()
    for heading in re.findall(r"^#{1,6} +(.+?)\s*#*$", text, flags=re.MULTILINE):
        shown = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        number = next(n for n in range(99) if (f"{slug}-{n}" if n else slug) not in found)
        found.add(f"{slug}-{number}" if number else slug)
    return found


def broken(page):
    """The relative links of a page that lead nowhere."""
    bad = []
    for link in _LINK.findall(without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = unquote(link).partition("#")
        file = page.parent / target if target else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            bad.append(link)
    return bad


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page):
    assert broken(page) == []


def test_a_broken_file_or_anchor_is_found(tmp_path):
    (tmp_path / "b.md").write_text("# A heading, or two\n```\n# no heading\n```\n")
    page = tmp_path / "a.md"
    page.write_text(
        "[x](b.md) [x](b.md#a-heading-or-two) `[x](code.md)` [x](https://example.org)\n"
        "[x](c.md) ![x](c.png) [x](b.md#no-heading) [x](#here)\n"
    )
    assert broken(page) == ["c.md", "c.png", "b.md#no-heading", "#here"]


def test_every_guide_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    guides = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {name for name in guides if f"({name})" not in index} == set()
