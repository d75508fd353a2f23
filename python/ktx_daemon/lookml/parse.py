"""`/lookml/parse`: the files of a LookML project as views and joins and, when asked for, as drafted sources."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from ktx_daemon.lookml.drafting import draft_project
from ktx_daemon.lookml.inheritance import resolve_explores, resolve_views
from ktx_daemon.lookml.joins import JoinBuilder
from ktx_daemon.lookml.project import read_project
from ktx_daemon.lookml.views import sort_views, source_answer
from ktx_daemon.sql.parsing import dialect_named
from semantic_layer.dialects import get_dialect


class File(BaseModel):
    """One file; its path tells a manifest from the rest."""

    model_config = ConfigDict(extra="ignore", strict=True)

    path: str
    content: str


class Request(BaseModel):
    """A project and the dialect that its SQL is written in.

    `connections` are Looker's names of the connection that is read, when a project is about several. `drafts` asks for
    definitions of the semantic layer beside the views.
    """

    model_config = ConfigDict(extra="ignore", strict=True)

    files: list[File]
    constant_overrides: dict[str, str] | None = None
    dialect: str = "postgres"
    connections: list[str] | None = None
    drafts: bool = False


def respond(request: Request) -> dict[str, Any]:
    """Describe the project, and everything in it that is skipped."""
    dialect_named(request.dialect)
    dialect = get_dialect(request.dialect.lower())
    project = read_project(((file.path, file.content) for file in request.files), request.constant_overrides or {})
    if request.connections is not None:
        project.of_connections(request.connections)
    views, lost = resolve_views(project.views)
    explores = resolve_explores(project.explores)
    drafted = draft_project(views, explores, dialect) if request.drafts else None
    found = sort_views(views, explores, dialect, drafted.natives if drafted else {})
    joins = JoinBuilder(views, found.relations, found.aliases, dialect)
    answer: dict[str, Any] = {
        "views": [source_answer(views[name], relation, dialect) for name, relation in found.relations.items()],
        "joins": [drafted_join.join.answer() for drafted_join in joins.joins(explores)],
        "skipped_views": [skipped.answer() for skipped in found.skipped],
        "warnings": project.warnings + lost + joins.warnings,
    }
    if drafted is not None:
        answer["warnings"] += drafted.warnings
        answer |= {"sources": drafted.sources(), "reports": drafted.reports(found.skipped)}
    return answer
