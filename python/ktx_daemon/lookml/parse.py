"""`/lookml/parse`: the files of a LookML project as drafted sources and joins."""

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict

from ktx_daemon.lookml.constants import Constants
from ktx_daemon.lookml.derived_sql import Translator
from ktx_daemon.lookml.inheritance import resolve_explores, resolve_views
from ktx_daemon.lookml.joins import JoinBuilder
from ktx_daemon.lookml.model import read_file
from ktx_daemon.lookml.views import draft_views
from ktx_daemon.sql.parsing import dialect_named


class File(BaseModel):
    """One file; its path tells a manifest from the rest."""

    model_config = ConfigDict(extra="ignore", strict=True)

    path: str
    content: str


class Request(BaseModel):
    """A project and the dialect that its SQL is wanted in."""

    model_config = ConfigDict(extra="ignore", strict=True)

    files: list[File]
    constant_overrides: dict[str, str] | None = None
    dialect: str = "postgres"


def respond(request: Request) -> dict[str, Any]:
    """Draft what the project describes."""
    translator = Translator(dialect_named(request.dialect), request.dialect)
    files = [(file.path, parsed) for file in request.files if (parsed := read_file(file.path, file.content))]
    constants = Constants(files, request.constant_overrides or {})
    views = [view for _, file in files for view in file.views]
    explores = [explore for _, file in files for explore in file.explores]
    for view in views:
        constants.into_view(view)
    for explore in explores:
        constants.into_explore(explore)
    resolved = resolve_views(views)
    drafted = draft_views(resolved, translator)
    joins = JoinBuilder(resolved, [source["name"] for source in drafted.sources], drafted.aliases)
    found = joins.joins(resolve_explores(explores))
    return {
        "views": drafted.sources,
        "joins": [asdict(join) for join in found],
        "skipped_views": [asdict(skipped) for skipped in drafted.skipped],
        "warnings": translator.warnings + joins.warnings,
    }
