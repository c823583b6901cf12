"""Where cells run: on this machine, on the workers of a Dask scheduler, as jobs of SLURM."""
