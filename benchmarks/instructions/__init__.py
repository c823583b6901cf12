"""Instructions of hot paths, counted under callgrind: a figure for CI that other load does not change."""
