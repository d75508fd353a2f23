"""`/embeddings/compute`: the vector of one text."""

from pydantic import BaseModel, ConfigDict, Field

from ktx_daemon.embeddings.model import embed


class Request(BaseModel):
    """One text."""

    model_config = ConfigDict(extra="ignore", strict=True)

    text: str = Field(min_length=1)


def respond(request: Request) -> dict[str, list[float]]:
    """Embed the text."""
    return {"embedding": embed([request.text])[0]}
