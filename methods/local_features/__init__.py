"""Search by local features without comparing every pair of images: aggregated into a vector, or indexed one by one."""
