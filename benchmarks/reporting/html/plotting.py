"""The scripts that draw plots. Bundling them takes three seconds, so they are kept in the user's cache folder."""

import contextlib
import hashlib
from importlib.metadata import version
from pathlib import Path

from benchmarks.system.files import write_text
from datasets.reading import require_regular

VEGA_LITE = "6.4"


def plotting_script() -> str:
    """Vega, Vega-Lite and Vega-Embed, which the vl-convert package carries."""
    path = _kept()
    if (script := _read(path)) is None:
        import vl_convert

        script = vl_convert.javascript_bundle(vl_version=VEGA_LITE)  # type: ignore[call-arg]
        if path.is_absolute():  # it is not where nobody knows the user's home
            with contextlib.suppress(OSError):  # a home that cannot be written costs the seconds, no more
                write_text(path, f"{_digest(script)}\n{script}")
    return script


def _kept() -> Path:
    """Where these versions' scripts are kept, behind a line with their digest."""
    from platformdirs import user_cache_path

    name = f"vega-lite-{VEGA_LITE}-{version('vl-convert-python')}.js"
    return user_cache_path("reverse-image-search-benchmark") / "report" / name


def _read(path: Path) -> str | None:
    """The scripts; None where they are not there, or are not those that were written."""
    try:
        require_regular(path)
        digest, _, script = path.read_bytes().decode().partition("\n")
    except (OSError, ValueError):
        return None
    return script if digest == _digest(script) else None


def _digest(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()
