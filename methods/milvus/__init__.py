"""Milvus, the vector database, through its own client."""
