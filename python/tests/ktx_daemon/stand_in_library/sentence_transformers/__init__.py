"""Stands in for the real library in processes that a test starts: vectors that tell the texts apart."""


class SentenceTransformer:
    """The part of the interface that the daemon uses."""

    def __init__(self, name: str) -> None:
        self.name = name

    def encode(self, sentences: list[str], *, show_progress_bar: bool) -> list[list[float]]:
        """Answer with the length of each text."""
        return [[float(len(sentence)), 0.5] for sentence in sentences]
