"""Embeddings: with a stand-in behind the same interface, and, where it is installed, with the real library.

The real tests need several gigabytes. They run with `pytest -m real_embeddings` in an environment that has the
`local-embeddings` extra; `KTX_EMBEDDING_MODEL` may name a directory with the real model for the last of them.
"""

import os
import sys
import threading
import types
from pathlib import Path

import pytest

from ktx_daemon.embeddings import compute, compute_bulk, model
from ktx_daemon.errors import RequestRejected


class StandIn:
    """Counts itself and answers with vectors that tell the texts apart."""

    loaded: list[str] = []  # noqa: RUF012

    def __init__(self, name: str) -> None:
        StandIn.loaded.append(name)

    def encode(self, sentences: list[str], *, show_progress_bar: bool) -> list[list[float]]:
        assert not show_progress_bar
        return [[float(len(sentence)), 0.5] for sentence in sentences]


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "_loaded", None)
    StandIn.loaded.clear()


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    library = types.ModuleType("sentence_transformers")
    library.SentenceTransformer = StandIn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", library)


@pytest.mark.usefixtures("stand_in")
def test_answers_in_the_order_of_the_texts() -> None:
    assert compute.respond(compute.Request(text="four")) == {"embedding": [4.0, 0.5]}
    assert compute_bulk.respond(compute_bulk.Request(texts=["a", "bb"])) == {"embeddings": [[1.0, 0.5], [2.0, 0.5]]}


def test_loads_the_model_once_however_many_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    all_ask = threading.Event()

    def load(name: str) -> StandIn:
        assert all_ask.wait(10)  # the load takes as long as it takes the others to ask
        return StandIn(name)

    monkeypatch.setattr(model, "load", load)
    threads = [threading.Thread(target=model.embed, args=(["text"],)) for _ in range(16)]
    for thread in threads:
        thread.start()
    all_ask.set()
    for thread in threads:
        thread.join()
    assert StandIn.loaded == ["sentence-transformers/all-MiniLM-L6-v2"]


@pytest.mark.usefixtures("stand_in")
def test_takes_the_model_from_a_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTX_EMBEDDING_MODEL", str(tmp_path))
    model.embed(["text"])
    assert StandIn.loaded == [str(tmp_path)]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["", "a", "a", " \n"], "Empty texts found at indices: 0, 3"),
        (["a"] * 101, "Maximum 100 texts allowed per batch"),
    ],
)
def test_refuses_texts_before_it_loads_anything(texts: list[str], message: str) -> None:
    with pytest.raises(RequestRejected) as refused:
        model.embed(texts)
    assert str(refused.value) == message
    assert StandIn.loaded == []


def test_names_the_command_that_installs_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ModuleNotFoundError) as missing:
        model.embed(["text"])
    assert str(missing.value).endswith("run: ktx runtime install --feature local-embeddings --yes")


def test_says_which_model_it_could_not_load(stand_in: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: StandIn, name: str) -> None:
        raise OSError("no network")

    monkeypatch.setattr(StandIn, "__init__", fail)
    monkeypatch.setenv("KTX_EMBEDDING_MODEL", "/nowhere")
    with pytest.raises(OSError, match="failed to load embedding model `/nowhere`: no network\nhint: set KTX_EMBEDDING"):
        model.embed(["text"])


@pytest.mark.real_embeddings
def test_embeds_with_the_real_library_and_a_model_made_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sentence_transformers import SentenceTransformer, models
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "orders", "customers", "revenue"])}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    small = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    BertModel(small).save_pretrained(tmp_path / "bert")
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")
    fast.save_pretrained(tmp_path / "bert")
    transformer = models.Transformer(str(tmp_path / "bert"))
    SentenceTransformer(modules=[transformer, models.Pooling(16)]).save(str(tmp_path / "model"))
    monkeypatch.setenv("KTX_EMBEDDING_MODEL", str(tmp_path / "model"))
    vectors = model.embed(["orders", "customers revenue", "orders"])
    assert [len(vector) for vector in vectors] == [16, 16, 16]
    assert vectors[0] == pytest.approx(vectors[2], abs=1e-5)
    assert vectors[0] != pytest.approx(vectors[1], abs=1e-3)


@pytest.mark.real_embeddings
def test_embeds_with_the_real_model() -> None:
    assert os.environ.get("KTX_EMBEDDING_MODEL"), "set KTX_EMBEDDING_MODEL to a directory with all-MiniLM-L6-v2"
    near, alike, far = model.embed(["monthly revenue", "revenue per month", "a cat on the roof"])
    assert len(near) == 384
    assert _cosine(near, alike) > _cosine(near, far) + 0.3


def _cosine(first: list[float], second: list[float]) -> float:
    product = sum(a * b for a, b in zip(first, second, strict=True))
    return product / (sum(a * a for a in first) ** 0.5 * sum(b * b for b in second) ** 0.5)
