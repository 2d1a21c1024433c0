"""Modules of this package that need Dask, which nothing else does."""

import importlib


def module(name):
    """The module of this name; an error says what to install where Dask is missing."""
    try:
        return importlib.import_module(f".{name}", __package__)
    except ModuleNotFoundError as e:
        if (e.name or "").split(".")[0] not in ("dask", "distributed", "numpy"):
            raise
        raise ModuleNotFoundError(
            f"{e.name} is not installed, which a scheduler needs: pip install 'dask>=2026.8' 'distributed>=2026.8' 'numpy>=2.1'",
            name=e.name,
        ) from e
