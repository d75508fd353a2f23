"""The files of a LookML project as views and explores, with everything that could not be read named."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from ktx_daemon.lookml.constants import Constants
from ktx_daemon.lookml.deadline import attend
from ktx_daemon.lookml.elements import Explore, View, explore_of, view_of
from ktx_daemon.lookml.syntax import Block, NotLookml, is_dashboard, read


@dataclass(slots=True)
class Model:
    """A model file: the connection that it names and the files that it includes."""

    path: str
    connection: str
    includes: list[str]

    def has(self, path: str) -> bool:
        """Whether a file is part of the model."""
        return path == self.path or any(_matches(pattern, self.path, path) for pattern in self.includes)


@dataclass(slots=True)
class Project:
    """What is written in the files of a project, in their order."""

    views: list[View] = field(default_factory=list)
    explores: list[Explore] = field(default_factory=list)
    models: list[Model] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def of_connections(self, names: list[str]) -> None:
        """Leave out what only models of other connections include. Files that no model includes belong to all."""
        left_out = [model for model in self.models if model.connection not in names]
        kept = [model for model in self.models if model.connection in names]

        def is_foreign(path: str) -> bool:
            return any(model.has(path) for model in left_out) and not any(model.has(path) for model in kept)

        for model in left_out:
            self.warnings.append(f"{model.path}: left out: its connection `{model.connection}` is not mapped")
        self.views = [view for view in self.views if not is_foreign(view.place.path)]
        self.explores = [explore for explore in self.explores if not is_foreign(explore.place.path)]


def read_project(files: Iterable[tuple[str, str]], overrides: Mapping[str, str]) -> Project:
    """Read every file; one that is not LookML costs itself."""
    project = Project()
    parsed: list[tuple[str, Block]] = []
    for path, content in files:
        attend(path)
        if is_dashboard(content):
            continue
        try:
            parsed.append((path, read(content)))
        except NotLookml as error:
            project.warnings.append(f"{path}:{error.line}: the file was left out: {error}")
    attend()
    constants = Constants(parsed, overrides)
    for path, file in parsed:
        attend(path)
        constants.put_into(file)
        _add(project, path, file)
    attend()
    return project


def _add(project: Project, path: str, file: Block) -> None:
    for entry in file.entries:
        if entry.key in ("view", "explore") and not isinstance(entry.value, Block):
            project.warnings.append(f"{path}:{entry.line}: the {entry.key} was left out: it has no block")
    project.views += [view_of(block, path) for block in file.blocks("view")]
    project.explores += [explore_of(block, path) for block in file.blocks("explore")]
    if connection := file.text("connection"):
        includes = [value for value in file.values("include") if isinstance(value, str)]
        project.models.append(Model(path, connection, includes))


def _matches(pattern: str, of: str, path: str) -> bool:
    """Whether an include names a file: from the project's root with a leading slash, else from the model's folder."""
    folder = of.rpartition("/")[0]
    wanted = pattern.lstrip("/") if pattern.startswith("/") or not folder else f"{folder}/{pattern}"
    # One star does not cross folders, two do.
    depth_fits = "**" in wanted or wanted.count("/") == path.count("/")
    plain = wanted.replace("**/", "*").replace("**", "*")
    return depth_fits and any(fnmatchcase(path, plain + ending) for ending in ("", ".lkml", ".lookml"))
