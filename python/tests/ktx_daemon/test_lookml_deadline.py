"""Files that make a step of the conversion spin, die or take too long cost themselves."""

from __future__ import annotations

import multiprocessing
import threading
import time
from typing import Any

import pytest

from ktx_daemon.cancellation import Cancellation
from ktx_daemon.errors import RequestRejected
from ktx_daemon.lookml import parse
from ktx_daemon.lookml.parse import respond
from ktx_daemon.lookml.request import File, Request

VIEW = "view: {name} {{\n  # {path}\n  sql_table_name: t ;;\n  dimension: id {{ primary_key: yes }}\n}}\n"
EXPLORE = "explore: {name} {{\n  view_name: fine\n"
EXPLORE += "  join: other {{ from: fine sql_on: ${{fine.id}} = ${{other.id}} ;; }}\n}}\n"


def answer(paths: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(parse, "CONVERSION", "tests.ktx_daemon.spinning_lookml")
    files = []
    for path in ["fine.lkml", *paths]:
        name = path.partition(".")[0]
        text = (EXPLORE if name.startswith("join") else VIEW).format(name=name, path=path)
        files.append(File(path=path, content=text))
    return respond(Request(files=files, drafts=True), Cancellation())


@pytest.mark.parametrize("fault", ["loop", "expression", "die"])
@pytest.mark.parametrize("step", ["read", "draft", "join"])
def test_a_file_that_spins_or_kills_is_cut_off(step: str, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = answer([f"{step}_{fault}.lkml"], monkeypatch)
    assert [view["name"] for view in found["views"]] == ["fine"]
    assert [source["definition"]["name"] for source in found["sources"]] == ["fine"]
    reason = "its process ended with code -9" if fault == "die" else "it took longer than 10 s of computing"
    assert found["warnings"] == [f"{step}_{fault}.lkml:1: the file was left out: {reason}"]
    assert not multiprocessing.active_children()


def test_several_files_that_spin_are_each_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    found = answer(["read_loop.lkml", "draft_loop.lkml"], monkeypatch)
    assert [view["name"] for view in found["views"]] == ["fine"]
    assert len(found["warnings"]) == 2


def test_a_project_of_such_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse, "MOST_CUT_OFF", 1)
    with pytest.raises(RequestRejected, match=r"`read_loop\.lkml`, `draft_loop\.lkml`"):
        answer(["read_loop.lkml", "draft_loop.lkml"], monkeypatch)
    assert not multiprocessing.active_children()


def test_a_client_that_hangs_up_ends_the_worker() -> None:
    cancellation, failures = Cancellation(), []
    text = VIEW.format(name="v", path="v") + "".join(f"view: v{n} {{ dimension: d {{}} }}\n" for n in range(40_000))

    def work() -> None:
        try:
            respond(Request(files=[File(path="v.lkml", content=text)], drafts=True), cancellation)
        except RequestRejected as error:
            failures.append(error)
        finally:
            cancellation.end()

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.3)
    cancellation.cancel()
    thread.join(30)
    assert len(failures) == 1
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    "text",
    ["\n" * 4_000_000, ";" * 4_000_000, "- " * 2_000_000, "view: v {" * 400_000, "a: [" * 1_000_000, "#\n" * 2_000_000],
)
def test_enormous_files_end(text: str) -> None:
    fine = VIEW.format(name="fine", path="")
    files = [File(path="enormous.lkml", content=text), File(path="fine.lkml", content=fine)]
    found = respond(Request(files=files), Cancellation())
    assert [view["name"] for view in found["views"]] == ["fine"]
