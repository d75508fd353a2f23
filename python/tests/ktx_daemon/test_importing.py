"""Modules are imported once, by one thread at a time, and nobody gets one that is not complete."""

import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ktx_daemon.importing import imported, is_imported


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path for modules whose names start with `slow_`; they are forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("slow_")]:
        del sys.modules[name]


def test_two_threads_never_import_at_the_same_time(modules: Path) -> None:
    begin_and_end = (
        "import time\nfrom slow_diary import lines\nlines.append('begin')\ntime.sleep(0.2)\nlines.append('end')\n"
    )
    (modules / "slow_diary.py").write_text("lines: list[str] = []\n")
    for name in ("slow_one", "slow_two"):
        (modules / f"{name}.py").write_text(begin_and_end)
    threads = [threading.Thread(target=imported, args=(name,)) for name in ("slow_one", "slow_two", "slow_one")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sys.modules["slow_diary"].lines == ["begin", "end", "begin", "end"]
    assert gc.isenabled()


def test_a_module_counts_as_imported_only_once_it_is_complete(modules: Path) -> None:
    (modules / "slow_gate.py").write_text(
        "import sys, threading\nfinish = threading.Event()\n"
        "sys.modules['slow_gate_seen'] = sys.modules[__name__]\nfinish.wait(10)\n"
    )
    thread = threading.Thread(target=imported, args=("slow_gate",))
    thread.start()
    while (gate := sys.modules.get("slow_gate_seen")) is None:
        thread.join(0.01)
    assert "slow_gate" in sys.modules
    assert not is_imported("slow_gate")
    gate.finish.set()
    thread.join(10)
    assert is_imported("slow_gate")


def test_a_failed_import_is_tried_again(modules: Path) -> None:
    (modules / "slow_broken.py").write_text("raise ImportError('not today')")
    with pytest.raises(ImportError, match="not today"):
        imported("slow_broken")
    assert gc.isenabled()
    (modules / "slow_broken.py").write_text("answer = 42  # longer, so that stale bytecode does not match\n")
    assert imported("slow_broken").answer == 42
