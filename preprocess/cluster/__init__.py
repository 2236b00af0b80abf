"""Stage 1 on an existing dask cluster: its only importer."""
