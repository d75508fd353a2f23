"""The parts of LookML that have a meaning here: fields, views, joins, explores, each knowing its file and line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from ktx_daemon.lookml.syntax import Block

FieldKind = Literal["dimension", "dimension_group", "measure", "parameter", "filter"]

FIELD_KINDS: tuple[FieldKind, ...] = ("dimension", "dimension_group", "measure", "parameter", "filter")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written."""

    path: str
    line: int

    def __str__(self) -> str:
        """The place as compilers write it."""
        return f"{self.path}:{self.line}"


@dataclass(slots=True)
class Element:
    """A named block. `settings` has every value of each key; of a repeated key the last counts, but for filters."""

    name: str
    place: Place
    settings: dict[str, list[object]] = field(default_factory=dict)

    def text(self, key: str) -> str | None:
        """The text of a setting; an empty one is none."""
        values = self.settings.get(key)
        if not values:
            return None
        value = values[-1]
        return value if isinstance(value, str) and value.strip() else None

    def block(self, key: str) -> Block | None:
        """The last block of a setting."""
        blocks = [value for value in self.settings.get(key, []) if isinstance(value, Block)]
        return blocks[-1] if blocks else None

    def texts(self, key: str) -> list[str]:
        """The texts of a setting that is a list, or a single text."""
        return list(_texts(self.settings.get(key, [])))

    def says(self, key: str) -> bool:
        """Whether a setting is `yes`."""
        return (self.text(key) or "").lower() == "yes"

    @property
    def words(self) -> str | None:
        """The description, or the label."""
        return self.text("description") or self.text("label")


def _texts(values: list[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, list):
            yield from _texts(value)
        elif isinstance(value, str):
            yield value


@dataclass(slots=True)
class Field(Element):
    """A field of a view."""

    kind: FieldKind = "dimension"

    @property
    def type(self) -> str | None:
        """The declared type."""
        return self.text("type")

    @property
    def sql(self) -> str | None:
        """The SQL as written."""
        return self.text("sql")

    def changed_by(self, other: "Field") -> "Field":
        """The field as another of its name changes it: setting by setting."""
        return Field(self.name, other.place, self.settings | other.settings, self.kind)


@dataclass(slots=True)
class View(Element):
    """A view as written, or a refinement of one when its name starts with `+`."""

    fields: dict[str, Field] = field(default_factory=dict)


@dataclass(slots=True)
class Explore(Element):
    """An explore as written, or a refinement."""

    joins: dict[str, Element] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The view that it starts from."""
        return self.text("from") or self.text("view_name") or self.name


def view_of(block: Block, path: str) -> View:
    """A view from its block. Of two fields of one name the later changes the earlier."""
    view = View(block.name, Place(path, block.line), _settings(block, FIELD_KINDS))
    for entry in block.entries:
        if entry.key in FIELD_KINDS and isinstance(entry.value, Block):
            written = Field(entry.value.name, Place(path, entry.line), _settings(entry.value), entry.key)
            known = view.fields.get(written.name)
            view.fields[written.name] = known.changed_by(written) if known else written
    return view


def explore_of(block: Block, path: str) -> Explore:
    """An explore from its block."""
    explore = Explore(block.name, Place(path, block.line), _settings(block, ("join",)))
    for entry in block.entries:
        if entry.key == "join" and isinstance(entry.value, Block):
            explore.joins[entry.value.name] = Element(entry.value.name, Place(path, entry.line), _settings(entry.value))
    return explore


def _settings(block: Block, others: tuple[str, ...] = ()) -> dict[str, list[object]]:
    settings: dict[str, list[object]] = {}
    for entry in block.entries:
        if entry.key not in others:
            settings.setdefault(entry.key, []).append(entry.value)
    return settings


def pairs_of(values: list[object]) -> list[tuple[str, str]]:
    """The (field, value) of filters in every notation: lists of pairs, `field:` with `value:`, and blocks of pairs."""
    found: list[tuple[str, str]] = []
    for value in values:
        if isinstance(value, tuple) and isinstance(value[1], str):
            found.append((value[0], value[1]))
        elif isinstance(value, list):
            found += pairs_of(value)
        elif isinstance(value, Block):
            named, wanted = value.text("field"), value.text("value")
            if named is not None and wanted is not None:
                found.append((named, wanted))
            else:
                found += [(entry.key, entry.value) for entry in value.entries if isinstance(entry.value, str)]
                found += pairs_of(value.values("filters"))
    return found
