"""One HTML file that holds all it needs: no request leaves it, and only the scripts it was written with run."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from markupsafe import Markup

from benchmarks.files import write_text
from benchmarks.html.section import Section
from benchmarks.html.templates import render, source

SCRIPTS = ("theme.js", "address.js", "tables.js", "tabs.js", "leaderboard.js", "compare.js", "links.js", "plots.js")
VEGA_LITE = "6.4"


def write_page(sections: Sequence[Section], path: Path, title: str, subtitle: str) -> Path:
    """Write the page of `sections` to `path`; what they link to lies beside it."""
    style = page_style(section.style for section in sections)
    with_plots = any("data-spec" in section.html for section in sections)
    scripts = page_scripts(with_plots, (section.script for section in sections))
    policy = _policy([style], scripts)
    text = render(
        "page.html",
        title=title,
        subtitle=subtitle,
        sections=sections,
        policy=policy,
        style=Markup(style),
        scripts=[Markup(script) for script in scripts],
    )
    write_text(path, str(text))
    return path


def page_style(of_sections: Iterable[str] = ()) -> str:
    """The page's style sheet, and what its sections add, each once."""
    return "\n".join([source("report.css"), *dict.fromkeys(style for style in of_sections if style)])


def page_scripts(with_plots: bool, of_sections: Iterable[str] = ()) -> list[str]:
    """The page's scripts in the order in which they run: Vega first where there are plots, the sections' own last."""
    own = [_scoped(source(name)) for name in SCRIPTS]
    own += [_scoped(script) for script in dict.fromkeys(of_sections) if script]
    return [_plotting(), *own] if with_plots else own


def _scoped(script: str) -> str:
    """The script in strict mode and in a scope of its own."""
    return f'(() => {{\n"use strict";\n{script}\n}})();'


def _plotting() -> str:
    """Vega, Vega-Lite and Vega-Embed, which the vl-convert package carries."""
    import vl_convert

    return vl_convert.javascript_bundle(vl_version=VEGA_LITE)  # type: ignore[call-arg]


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """A content security policy that allows these styles and scripts, by their hash, pictures beside the page, no more.

    Plots are drawn by Vega's interpreter of expressions, so that not even they need `eval`.
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src {' '.join(map(_hash, styles))}",
            "img-src 'self' data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
