"""Part of reverse-image-search-benchmark: images with identities, splits, downloads. Imports no other package of it."""
