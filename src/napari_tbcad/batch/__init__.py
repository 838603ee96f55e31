"""Many films: local processes, or a Dask cluster by its address."""
