"""Part of reverse-image-search-benchmark: encoders, indexes, whole methods, and the catalogue that names them."""
