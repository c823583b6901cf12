"""Running cells: a process for each, on this machine or on workers elsewhere, within limits of time and memory."""
