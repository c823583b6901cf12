"""Collections of vectors in Milvus: how they are made, what fits into one call, what a distance means."""

import numpy as np

from methods.milvus.connection import MilvusConnection, VectorStoreError

METRICS = {"l2": "L2", "cosine": "COSINE"}
"""Ours -> Milvus'. Its "L2" is the squared distance."""

INDEX_TYPES = ("FLAT", "HNSW", "IVF_FLAT", "AUTOINDEX")
"""Milvus' own names; the first is exact."""

LONGEST_ROW = 32_768
"""Numbers in a vector, at most."""

LONGEST_ID = 4_096
"""Bytes of a text id, at most."""

DEEPEST = 16_384
"""Results a server gives to one query, at most; Milvus Lite has no such limit."""

MESSAGE = 1 << 21
"""Bytes of vectors in one call (2 MiB; gRPC's own limit is 4)."""

DESCRIPTION = "description"
"""The property in which a collection's description is kept."""


def create_collection(
    connection: MilvusConnection,
    name: str,
    dimension: int,
    metric: str,
    index_type: str,
    *,
    named: bool = False,
    labelled: bool = False,
    description: str = "",
) -> None:
    """An empty, loaded collection of vectors: ids are whole numbers or, if `named`, texts with metadata (JSON) beside.

    If `labelled`, a whole number "label" lies beside each.

    Raises VectorStoreError where vectors are too long, or Milvus refuses.
    """
    from pymilvus import DataType, MilvusClient
    from pymilvus.exceptions import MilvusException

    if dimension > LONGEST_ROW:
        raise VectorStoreError(f"vectors of {dimension:,} numbers are too long for Milvus, which takes {LONGEST_ROW:,}")
    schema = MilvusClient.create_schema(auto_id=False, description=description)
    if named:
        schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=LONGEST_ID)
        schema.add_field("metadata", DataType.JSON)
    else:
        schema.add_field("id", DataType.INT64, is_primary=True)
    if labelled:
        schema.add_field("label", DataType.INT64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    indexes = MilvusClient.prepare_index_params()
    indexes.add_index("vector", index_type=index_type, metric_type=METRICS[metric])
    try:
        connection.client.create_collection(
            name,
            schema=schema,
            index_params=indexes,
            consistency_level="Strong",
            # A server keeps the description; Milvus Lite drops it and keeps properties, which a server may check.
            properties={DESCRIPTION: description} if connection.folder and description else None,
        )
    except MilvusException as error:
        raise VectorStoreError(f"Milvus made no collection {name!r}: {' '.join(error.message.split())}") from error


def description_of(connection: MilvusConnection, name: str) -> str:
    """The description that a collection was created with, "" where it had none."""
    facts = connection.client.describe_collection(name)
    return facts["description"] or facts["properties"].get(DESCRIPTION, "")


def rows_a_call(dimension: int) -> int:
    """How many vectors one call may carry."""
    return max(1, MESSAGE // (4 * dimension))


def to_scores(distances: list[float], metric: str) -> np.ndarray:
    """Milvus' distances as scores (n,) float32, larger = better: its squared L2 becomes minus the distance."""
    values = np.array(distances, dtype=np.float32)
    return -np.sqrt(np.maximum(values, 0)) if metric == "l2" else values
