"""`/embeddings/compute-bulk`: the vectors of several texts in one run of the model."""

from pydantic import BaseModel, ConfigDict, Field

from ktx_daemon.embeddings.model import embed


class Request(BaseModel):
    """Texts, answered in their order."""

    model_config = ConfigDict(extra="ignore", strict=True)

    texts: list[str] = Field(min_length=1, max_length=100)


def respond(request: Request) -> dict[str, list[list[float]]]:
    """Embed the texts."""
    return {"embeddings": embed(request.texts)}
