"""Part of reverse-image-search-benchmark: plan, run cells, store, score, report, compare.

`from benchmarks import evaluate, load_results, Searcher` is the Python API; importing the package alone costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.api import Searcher, evaluate, load_results

__all__ = ["Searcher", "evaluate", "load_results"]


def __getattr__(name: str) -> Any:
    """The API, imported when it is asked for; raises ImportError where another package has the name of one of ours."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from benchmarks.system.own_packages import require_own_packages

    require_own_packages()
    from benchmarks import api

    return getattr(api, name)
