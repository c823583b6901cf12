"""The page of nearest-neighbour indexes: table, plot, report."""
