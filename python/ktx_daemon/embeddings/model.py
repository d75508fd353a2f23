"""The embedding model: found, loaded on first use and kept for the life of the process.

Loading takes seconds and hundreds of megabytes, and its libraries come with an optional extra. So nothing is imported
before a text is to be embedded, and requests that arrive meanwhile wait for the one load.
"""

import os
from collections.abc import Sequence
from threading import Lock
from typing import Protocol

from ktx_daemon.errors import OptionalFeatureMissing, RequestRejected

MODEL_VARIABLE = "KTX_EMBEDDING_MODEL"
DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
BATCH_LIMIT = 100
"""Texts of one call to the model."""

INSTALL_HINT = (
    "local embeddings are not installed in this runtime; run: ktx runtime install --feature local-embeddings --yes"
)


class EmbeddingsNotInstalled(OptionalFeatureMissing):
    """The `local-embeddings` extra is missing."""


class Encoder(Protocol):
    """What is used of a `SentenceTransformer`."""

    def encode(self, sentences: list[str], *, show_progress_bar: bool) -> Sequence[Sequence[float]]:
        """Return one vector for each sentence."""


_loading = Lock()
_loaded: Encoder | None = None


def embed(texts: list[str]) -> list[list[float]]:
    """Return the vector of each text. Raises `RequestRejected` for blank texts or too many."""
    if blank := [str(place) for place, text in enumerate(texts) if not text.strip()]:
        raise RequestRejected(f"Empty texts found at indices: {', '.join(blank)}")
    if len(texts) > BATCH_LIMIT:
        raise RequestRejected(f"Maximum {BATCH_LIMIT} texts allowed per batch")
    vectors = encoder().encode(texts, show_progress_bar=False)
    return [[float(value) for value in vector] for vector in vectors]


def encoder() -> Encoder:
    """Return the model, loading it the first time."""
    global _loaded
    with _loading:
        if _loaded is None:
            _loaded = load(os.environ.get(MODEL_VARIABLE) or DEFAULT_MODEL)
        return _loaded


def load(model: str) -> Encoder:
    """Load a model by its hub name or from a local directory."""
    os.environ.setdefault("TQDM_DISABLE", "1")  # stderr is for messages; the libraries draw progress bars there
    try:
        from sentence_transformers import SentenceTransformer
    except ModuleNotFoundError as error:
        raise EmbeddingsNotInstalled(INSTALL_HINT, name=error.name) from None
    try:
        encoder: Encoder = SentenceTransformer(model)
    except OSError as error:
        hint = f"set {MODEL_VARIABLE} to a directory with the model, or allow its first download"
        raise OSError(f"failed to load embedding model `{model}`: {error}\nhint: {hint}") from None
    return encoder
