"""Importing large libraries at start-up, where every millisecond is waited for."""

import gc
from importlib import import_module
from types import ModuleType


def import_without_collecting(module: str) -> ModuleType:
    """Import a module with the garbage collector off, and keep it from looking at what the import made ever after.

    Imports make next to no garbage; looking for it takes a tenth of the time of importing pydantic and sqlglot.
    """
    gc.disable()
    try:
        return import_module(module)
    finally:
        gc.freeze()
        gc.enable()
