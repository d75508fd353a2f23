"""The files of a LookML project as the answer of `/lookml/parse`."""

from typing import Any

from ktx_daemon.lookml import deadline
from ktx_daemon.lookml.drafting import draft_project
from ktx_daemon.lookml.inheritance import resolve_explores, resolve_views
from ktx_daemon.lookml.joins import JoinBuilder
from ktx_daemon.lookml.project import read_project
from ktx_daemon.lookml.request import Request
from ktx_daemon.lookml.views import sort_views, source_answer
from semantic_layer.dialects import get_dialect


def convert_with_deadlines(request: Request) -> dict[str, Any]:
    """The same in a worker, which ends when a file takes too long."""
    deadline.start()
    try:
        return convert(request)
    finally:
        deadline.stop()


def convert(request: Request) -> dict[str, Any]:
    """Describe the project, and everything in it that is skipped."""
    dialect = get_dialect(request.dialect.lower())
    project = read_project(((file.path, file.content) for file in request.files), request.constant_overrides or {})
    if request.connections is not None:
        project.of_connections(request.connections)
    views, lost = resolve_views(project.views)
    explores = resolve_explores(project.explores, views)
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
