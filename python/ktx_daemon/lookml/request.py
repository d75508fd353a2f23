"""What `/lookml/parse` is asked."""

from pydantic import BaseModel, ConfigDict


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
