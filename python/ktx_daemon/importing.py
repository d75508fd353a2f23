"""Imports large libraries on first use, because start-up time counts."""

import gc
from importlib import import_module
from threading import Lock
from types import ModuleType

_importing = Lock()
_imported: dict[str, ModuleType] = {}


def imported(module: str) -> ModuleType:
    """Return a module, importing it the first time.

    One at a time: two threads that import psycopg from two ends wait for each other, and Python then hands one of
    them a module that is not complete ("cannot import name 'Row'").

    The garbage collector is off meanwhile, and never looks at what the import made: imports make next to no garbage,
    and looking for it takes a tenth of the time of importing pydantic and sqlglot.
    """
    if (found := _imported.get(module)) is not None:
        return found
    with _importing:
        gc.disable()
        try:
            return _imported.setdefault(module, import_module(module))
        finally:
            gc.freeze()
            gc.enable()


def is_imported(module: str) -> bool:
    """Tell whether a module is there to be used at once; one that a thread still imports is not."""
    return module in _imported
