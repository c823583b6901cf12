"""What can be wrong with a search that is neither the query's nor the data set's fault."""

from datasets.errors import BenchmarkError


class SearchError(BenchmarkError):
    """A gallery, a method or a region that cannot be searched as asked."""
