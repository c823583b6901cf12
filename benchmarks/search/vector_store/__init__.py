"""A gallery that outlives the process: vectors with ids and metadata in a vector database."""
