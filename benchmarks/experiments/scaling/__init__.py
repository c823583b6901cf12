"""How cost grows with the gallery: time and memory at rising sizes, each point in a process of its own, and fits."""
