"""Many statements are read on two cores, and give what one core gives."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ktx_daemon.sql import cores
from ktx_daemon.sql.cores import Cores
from ktx_daemon.sql.fingerprint_batch import fingerprints

MODULE = "ktx_daemon.sql.fingerprint_batch"
BATCHES = [
    ("postgres", False, [(f"{batch}-{item}", f"select c{batch} from t{item} where id = {item}") for item in range(32)])
    for batch in range(60)
]
EXPECTED = [fingerprints(batch) for batch in BATCHES]


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a state, for as long as the slowest machine may need."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Cores:
    monkeypatch.setattr(cores, "_cores", lambda: 2)
    return Cores(MODULE, "fingerprints", fingerprints)


def answers(asked: Cores) -> list[object]:
    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(lambda batch: asked.ask(batch, len(batch[2])), BATCHES))


def test_many_batches_are_read_by_two_processes_with_the_same_answers(two: Cores) -> None:
    wait_until(lambda: answers(two) == EXPECTED and two.elsewhere >= 3)


def test_few_batches_start_no_process(two: Cores) -> None:
    assert [two.ask(batch, 32) for batch in BATCHES] == EXPECTED
    assert two._worker is None
    assert not two._is_starting


def test_one_core_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_cores", lambda: 1)
    one = Cores(MODULE, "fingerprints", fingerprints)
    assert answers(one) == EXPECTED
    assert one._worker is None
    assert not one._is_starting


def test_a_process_that_is_killed_costs_no_answer(two: Cores) -> None:
    wait_until(lambda: answers(two) == EXPECTED and two.elsewhere >= 1)
    worker = two._worker
    assert worker is not None
    worker._process.kill()
    assert answers(two) == EXPECTED
    wait_until(lambda: two._worker is not worker)


def test_an_idle_process_is_ended(two: Cores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "IDLE_SECONDS", 0.05)
    answers(two)
    wait_until(lambda: two._worker is None and not two._is_starting)
    wait_until(lambda: all(thread.name != "other-core" for thread in threading.enumerate()))
    assert answers(two) == EXPECTED


def test_a_batch_behind_a_slow_one_is_read_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "PATIENCE_SECONDS", 0.01)
    go_on = threading.Event()
    slow = Cores(MODULE, "fingerprints", lambda batch: go_on.wait() if batch == "slow" else batch)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(slow.ask, "slow", 1)
        wait_until(lambda: not slow._is_free)
        assert slow.ask("quick", 1) == "quick"
        go_on.set()
        assert waiting.result()
