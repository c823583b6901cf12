"""Getting hold of the vectors of one source: stored embeddings where there are any, in a process of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.indexes.request import Request
from benchmarks.indexes.vectors import Source, VectorJob, run_vectors
from benchmarks.launch import run_isolated
from benchmarks.scaling import contestants as pool
from benchmarks.scaling.search_cost import TIMING
from benchmarks.store import Store
from datasets.errors import BenchmarkError
from methods.registry import Registry


def gather(
    source: Source, request: Request, registry: Registry, store: Store, folder: Path, say: Callable[[str], None]
) -> dict[str, Any]:
    """Facts about the vectors, which lie in `folder` then.

    Raises BenchmarkError for unknown names, broken data, missing weights, and where the vectors cannot be made.
    """
    each = _contestant(source, request, registry, store, say)
    say(f"vectors of {source.method} on {source.dataset}:{source.subset}")
    job = VectorJob(
        cell=each.cell,
        workdir=folder,
        out=store.root,
        data_dir=request.data_dir,
        manifest=each.manifest_path,
        weights=each.weights.path if each.weights else None,
        embeddings=store.cache / "embeddings" / each.encoder_key,
        plugins=request.plugins,
        threads=request.threads,
        timing=TIMING,
        size=source.size,
    )
    outcome = run_isolated(job, request.budget.patience, request.memory_limit, entry=run_vectors)
    if outcome.status != "ok":
        raise BenchmarkError(f"no vectors of {source.method}: {outcome.status} ({outcome.reason})")
    return {
        "method": source.method,
        "dataset": each.manifest.heading,
        "subset": source.subset,
        "manifest": each.manifest.hash,
        "completeness": each.manifest.completeness,
        **outcome.result,
    }


def _contestant(
    source: Source, request: Request, registry: Registry, store: Store, say: Callable[[str], None]
) -> pool.Contestant:
    """The method on its data set, with all that its stored embeddings depend on."""
    asked = pool.Request(
        methods=(source.method,),
        datasets=((source.dataset, source.subset),),
        sizes=(),
        data_dir=request.data_dir,
        weights_dir=request.weights_dir,
        plugins=request.plugins,
        threads=request.threads,
    )
    for each in pool.contestants(asked, registry, store, say):
        if each.obstacle:
            raise BenchmarkError(f"no vectors of {source.method}: {each.obstacle}")
        return each
    raise BenchmarkError(f"no vectors of {source.method} on {source.dataset}: it looks for faces")
