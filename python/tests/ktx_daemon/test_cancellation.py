"""The word that stops work reaches it, whenever it comes."""

import threading

from ktx_daemon.cancellation import Cancellation

DEADLINE_SECONDS = 30


def cancelled(cancellation: Cancellation) -> threading.Thread:
    thread = threading.Thread(target=cancellation.cancel, daemon=True)
    thread.start()
    return thread


def test_a_word_between_two_statements_is_repeated() -> None:
    cancellation = Cancellation()
    heard = threading.Semaphore(0)
    cancellation.on_cancel(heard.release)
    thread = cancelled(cancellation)
    for _ in range(3):
        assert heard.acquire(timeout=DEADLINE_SECONDS)
    cancellation.end()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()


def test_work_that_begins_after_the_word_is_stopped() -> None:
    cancellation = Cancellation()
    thread = cancelled(cancellation)
    stopped = threading.Event()

    def stop() -> None:
        stopped.set()
        cancellation.end()

    cancellation.on_cancel(stop)
    assert stopped.wait(DEADLINE_SECONDS)
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()


def test_work_that_has_ended_is_not_stopped() -> None:
    cancellation = Cancellation()
    calls: list[str] = []
    cancellation.on_cancel(lambda: calls.append("stop"))
    cancellation.end()
    cancellation.cancel()
    assert calls == []


def test_a_stop_that_fails_is_tried_again() -> None:
    cancellation = Cancellation()
    tries = threading.Semaphore(0)

    def stop() -> None:
        tries.release()
        raise OSError("the server is gone")

    cancellation.on_cancel(stop)
    thread = cancelled(cancellation)
    assert tries.acquire(timeout=DEADLINE_SECONDS)
    assert tries.acquire(timeout=DEADLINE_SECONDS)
    cancellation.end()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()
