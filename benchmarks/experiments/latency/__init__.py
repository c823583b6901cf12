"""Latency measured in rounds: competing methods take turns, so that drift of the machine hits all alike."""
