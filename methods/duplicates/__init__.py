"""Finding copies of one picture among many: identical files, and near-identical ones."""
