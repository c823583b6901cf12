"""What the report is made of: parts that stand in the page one below the other, made from templates.

Everything that comes from data is escaped; a template says so where it does not."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from benchmarks.reporting.html.theme import family_class
from benchmarks.reporting.tables.model import shown
from benchmarks.system.page_templates import page_environment
from datasets.words import count_of

_PLAIN = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_DIGESTED = re.compile(r"-[0-9a-f]{10}$")


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


def render(name: str, /, **values: Any) -> Markup:
    """The template `name` with `values`, safe to include in another."""
    return Markup(_environment().get_template(name).render(**values))


def source(name: str) -> str:
    """A style sheet or a script as it stands in the folder of templates."""
    return files("benchmarks.reporting.html").joinpath("templates", name).read_text(encoding="utf-8")


def anchor(prefix: str, name: str) -> str:
    """An id for an element: `prefix`, and `name` as letters, digits and hyphens.

    A name that these do not spell bears a digest of it as well, so that no two names share an id.
    """
    if not _PLAIN.fullmatch(name) or _DIGESTED.search(name):
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10]
        name = f"{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')}-{digest}"
    return f"{prefix}-{name}"


def bold(text: str) -> Markup:
    """A note, whose **words** are bold."""
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", str(escape(text))))


@cache
def _environment() -> Environment:
    environment = page_environment(
        "benchmarks.reporting.html", trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "allow_nan": False}  # NaN is no JSON
    environment.filters |= {"bold": bold}
    environment.globals |= {"shown": shown, "anchor": anchor, "family_class": family_class, "count_of": count_of}
    return environment
