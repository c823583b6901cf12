"""Which method suits a folder of pictures: measured on copies of its own pictures, within limits of time and memory.

`survey` looks at the pictures, `candidates` says who takes part, `rounds` spends the budget, `trial` measures one
method in a process of its own, `figures` judges what it found, `advice` chooses, `show` and `plot` tell it.
"""
