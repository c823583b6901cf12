"""How many machines a gallery needs, and what they do: each holds a shard, all search at once, ranks are merged."""

import math
from dataclasses import dataclass

from benchmarks.experiments.projection.costs import Costs
from datasets.errors import BenchmarkError

USABLE = 0.8
"""Share of a machine's memory that vectors and searches may take; the rest is the system's and the process's own."""

_NEEDED = ("search", "build", "peak", "index")


@dataclass(frozen=True)
class Machine:
    """A machine as fast as the one measured, with memory of its own size."""

    memory_bytes: float
    longest_search_s: float
    """A shard is no larger than lets one query be answered in this time."""


@dataclass(frozen=True)
class Fleet:
    """The machines that hold `images`, and what they take."""

    method: str
    images: float
    shard: float
    """Vectors a machine."""
    bound: str
    """What keeps a shard from being larger: "memory", "latency", or "" where the gallery fits on one machine."""
    machines: int
    index_bytes: float
    search_s: float
    """One query on the fullest shard; all shards are asked at once."""
    extraction_hours: float
    """Of one machine, to look at all images once."""
    build_hours: float
    """Of one machine, to build all indexes."""

    @property
    def hours_per_million(self) -> float:
        """Machine hours to take in a million images, once."""
        return (self.extraction_hours + self.build_hours) / self.images * 1e6

    @property
    def machines_per_million(self) -> float:
        """Machines that stay on for each million images."""
        return self.machines / self.images * 1e6


def fleet_for(costs: Costs, images: float, machine: Machine) -> Fleet | None:
    """The fewest machines for `images`; None where not even one vector can be searched in time and memory.

    Raises BenchmarkError for a gallery of no images.
    """
    if images < 1:
        raise BenchmarkError(f"a gallery of {images:g} images cannot be projected; give sizes from 1 up")
    if not all(name in costs.laws for name in _NEEDED):
        return None
    by_memory = costs.laws["peak"].size_for(USABLE * machine.memory_bytes)
    by_latency = costs.laws["search"].size_for(machine.longest_search_s)
    most = min(by_memory, by_latency)
    if most < 1:
        return None
    machines = max(1, math.ceil(images / most))  # costs that do not grow let one machine hold any number
    shard = images / machines
    bound = "" if machines == 1 else "memory" if by_memory < by_latency else "latency"
    return Fleet(
        costs.method,
        images,
        shard,
        bound,
        machines,
        machines * costs.laws["index"].at(shard),
        costs.laws["search"].at(shard),
        images * costs.extraction_s / 3600,
        machines * costs.laws["build"].at(shard) / 3600,
    )
