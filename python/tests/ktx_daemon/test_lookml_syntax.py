"""The reader of LookML text: what it gives, where it stops, and that nothing makes it spin."""

import time

import pytest

from ktx_daemon.lookml import syntax
from ktx_daemon.lookml.conversion import convert
from ktx_daemon.lookml.request import File, Request
from ktx_daemon.lookml.syntax import Block, NotLookml, read


def test_gives_blocks_with_their_lines() -> None:
    view = read('# words\nview: +a {\n  label: "say \\"x\\""  # more\n  tiers: [0, 10]\n  sql: a; b ;;\n}').blocks(
        "view"
    )[0]
    assert (view.name, view.line, view.text("label"), view.text("sql")) == ("+a", 2, 'say "x"', "a; b")
    assert [(entry.key, entry.line) for entry in view.entries] == [("label", 3), ("tiers", 4), ("sql", 5)]
    assert view.values("tiers") == [["0", "10"]]


def test_gives_pairs_of_lists_and_blocks_without_a_name() -> None:
    file = read('filters: [a.b: "x, y", -c: "z"] case: { when: { sql: x ;; label: "l" } }')
    assert file.values("filters") == [[("a.b", "x, y"), ("-c", "z")]]
    case = file.values("case")[0]
    assert isinstance(case, Block)
    assert [branch.text("sql") for branch in case.blocks("when")] == ["x"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("view: name {\n  ;\n}", 2),
        ("view: a {\n\n  dimension: b { sql: x }\n}", 3),
        ("view: a {", 1),
        ("}\n", 1),
        ("view: a {\n derived_table: {:\n sql: x ;; } }", 2),
        ('label: "never closed\n', 1),
        ("tiers: [0, 1", 1),
        ("- view: old\n  fields:\n", 1),
        ("\n- explore: old\n", 2),
        ("a: " * 50_000, 1),
        ("{" * 50_000, 1),
        ("view: a { " * 50_000, 1),
        ("a: [" * 50_000, 1),
        ("# " * 500_000 + "\n;", 2),
    ],
)
def test_names_the_line_where_it_stops(text: str, line: int) -> None:
    before = time.thread_time()
    with pytest.raises(NotLookml) as stopped:
        read(text)
    assert stopped.value.line == line
    assert time.thread_time() - before < syntax.SECONDS_PER_FILE + 1


def test_gives_up_a_file_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "SECONDS_PER_FILE", 0.01)
    enormous = File(path="big.view.lkml", content="view: a { dimension: b {} }\n" * 100_000)
    good = File(path="b.view.lkml", content="view: ok { sql_table_name: ok ;; dimension: id {} }")
    answer = convert(Request(files=[enormous, good]))
    assert [view["name"] for view in answer["views"]] == ["ok"]
    assert "took longer than 0.01 s" in answer["warnings"][0]


def test_passes_dashboards_over_and_names_every_file_that_it_cannot_read() -> None:
    files = [
        File(path="d.dashboard.lookml", content="- dashboard: d\n  title: D\n"),
        File(path="old.view.lookml", content="- view: v\n"),
        File(path="bad.view.lkml", content="view: v {\n ;\n}"),
        File(path="empty.view.lkml", content="view: v"),
    ]
    assert convert(Request(files=files))["warnings"] == [
        "old.view.lookml:1: the file was left out: it is LookML in the old YAML form, which Looker itself converts",
        "bad.view.lkml:2: the file was left out: expected `name:`, found `;`",
        "empty.view.lkml:1: the view was left out: it has no block",
    ]
