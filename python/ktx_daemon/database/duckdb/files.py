"""Parquet and CSV files as tables: which views a path stands for.

A file is one table, named like the file without its endings. In a folder every file is one, and so is a folder in it
that holds Parquet files only, which may be partitioned as Hive does it (`year=2024/part.parquet`).
"""

from dataclasses import dataclass
from pathlib import Path

from ktx_daemon.errors import RequestRejected

READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".tsv": "read_csv"}
"""The function of DuckDB that reads a file, by the ending of its name; `.gz` and `.zst` may follow that of a text."""

_COMPRESSED = frozenset({".gz", ".zst"})


@dataclass(frozen=True, slots=True)
class FileTable:
    """One table: the files that hold its rows, and how DuckDB reads them."""

    name: str
    pattern: str
    """A path, in which a `*` or `**` may stand for several files."""

    reader: str

    def view(self) -> str:
        """Return the statement that makes the view."""
        name = self.name.replace('"', '""')
        return f"CREATE VIEW \"{name}\" AS SELECT * FROM {self.reader}('{self.pattern.replace(chr(39), chr(39) * 2)}')"


def tables_of(path: Path) -> list[FileTable] | None:
    """Return the tables of a folder or a data file, or None for what can only be a database file.

    Raises `RequestRejected` for a folder without tables, or one in which two would have the same name.
    """
    if not path.is_dir():
        table = _of_file(path)
        return None if table is None else [table]
    found: dict[str, FileTable] = {}
    for entry in sorted(path.iterdir()):
        table = _of_folder(entry) if entry.is_dir() else _of_file(entry)
        if table is None or entry.name.startswith((".", "_")):
            continue
        if (other := found.get(table.name.lower())) is not None:
            raise RequestRejected(
                f"failed to read `{path}`: {Path(other.pattern).name} and {entry.name} would both be the table "
                f"`{table.name}`"
            )
        found[table.name.lower()] = table
    if not found:
        raise RequestRejected(f"failed to read `{path}`: it holds no Parquet or CSV files")
    return list(found.values())


def _of_file(path: Path) -> FileTable | None:
    endings = path.suffixes
    stem = path.name
    if endings and endings[-1].lower() in _COMPRESSED:
        stem = stem.removesuffix(endings.pop())
    reader = READERS.get(endings[-1].lower()) if endings else None
    if reader is None or (reader == "read_parquet" and stem != path.name):
        return None
    return FileTable(stem.removesuffix(endings[-1]), _literal(path), reader)


def _of_folder(path: Path) -> FileTable | None:
    """A folder is a table when it holds Parquet files, and only those, whatever is hidden beside them."""
    files = [file for file in path.rglob("*") if file.is_file() and not file.name.startswith((".", "_"))]
    if not files or any(file.suffix.lower() != ".parquet" for file in files):
        return None
    return FileTable(path.name, f"{_literal(path)}/**/*.parquet", "read_parquet")


def _literal(path: Path) -> str:
    """Write a path so that DuckDB does not take a part of it for a pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path.as_posix())
