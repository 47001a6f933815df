"""Libraries that are asked for only when they are used: `pip install 'reachproof[notebook]'` brings them all."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def needed(library: str, use: str, extra: str = "notebook") -> Any:
    """The library. ImportError that says which extra brings it where it is not installed."""
    try:
        return import_module(library)
    except ModuleNotFoundError as error:
        if error.name != library:
            raise  # it is there, and lacks something itself
        text = f"{use} needs {library}, which is not installed: pip install 'reachproof[{extra}]'"
        raise ImportError(text, name=library) from None
