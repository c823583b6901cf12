"""Files, processes, devices and the terminal of this machine. Nothing here knows what is measured."""
