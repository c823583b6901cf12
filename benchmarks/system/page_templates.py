"""Templates of web pages: what is filled in is text, which no markup and no hidden character in it changes."""

from typing import TYPE_CHECKING, Any

from datasets.safe_text import printable

if TYPE_CHECKING:
    from jinja2 import Environment


def page_environment(package: str, **settings: Any) -> "Environment":
    """Jinja's environment over the templates of `package`; `settings` are further ones of its own."""
    from jinja2 import Environment, PackageLoader

    return Environment(loader=PackageLoader(package), autoescape=True, finalize=_shown, **settings)


def _shown(value: object) -> object:
    """Text with its control characters and marks of direction written out; what is markup already stays."""
    return "\n".join(map(printable, value.split("\n"))) if type(value) is str else value
