"""What the report is made of: parts that stand in the page one below the other, each with a heading and an anchor."""

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Section:
    """One part of the report, rendered by a template of its own (autoescape on), so that it is safe to include.

    The page writes the heading and the anchor; `html` is what stands below it and uses <h3> and deeper. Pictures lie
    beside the page and are named relative to it (thumbnails/…).
    """

    id: str
    """The anchor: lower-case letters, digits and hyphens, unique in the page."""
    title: str
    """Plain text; the page escapes it."""
    html: Markup
    style: str = ""
    """CSS that only this section needs; colours are custom properties of the page: --page, --ink, --quiet, --line"""
    script: str = ""
    """JavaScript that only this section needs; it runs once the page is there, in strict mode, in a scope of its own.
    The page's content security policy allows exactly the scripts it was written with: no handlers in attributes."""
