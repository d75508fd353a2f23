"""The command line: one request a process, its exit status and where its words go."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ktx_daemon.endpoints import ENDPOINTS
from tests.ktx_daemon.daemon_process import PYTHON_DIRECTORY, write_token


def run(*arguments: str, stdin: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run `ktx-daemon` to its end."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PYTHON_DIRECTORY), "COLUMNS": "100", **variables}
    command = [sys.executable, "-m", "ktx_daemon", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, env=environment, check=False, timeout=60)


def test_answers_with_one_line_of_compact_json() -> None:
    request = {"items": [{"key": "ключ", "sql_table_name": "a", "dialect": "postgres"}]}
    done = run("sql-parse-table-identifier", stdin=json.dumps(request).encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert (
        done.stdout
        == (
            '{"results":{"ключ":{"ok":true,"catalog":null,"schema":null,"name":"a","canonical_table":"a",'
            '"reason":null,"detail":null}}}\n'
        ).encode()
    )


@pytest.mark.parametrize(
    ("command", "stdin", "stderr"),
    [
        ("semantic-query", b"", "Invalid JSON: EOF while parsing a value at line 1 column 0\n"),
        ("semantic-query", b"{", "Invalid JSON: EOF while parsing an object at line 1 column 1\n"),
        ("semantic-query", b"[]", "stdin JSON must be an object\n"),
        ("semantic-query", b"null", "stdin JSON must be an object\n"),
        ("semantic-validate", b"7", "stdin JSON must be an object\n"),
        (
            "sql-analyze-batch",
            b'{"items":[{}]}',
            "dialect: Field required\nitems.0.id: Field required\nitems.0.sql: Field required\n",
        ),
        (
            "sql-analyze-batch",
            b'{"dialect":"klingon","items":[]}',
            "Unknown SQL dialect 'klingon'. Use a dialect supported by sqlglot "
            "(e.g., postgres, bigquery, snowflake, mysql, duckdb).\n",
        ),
        ("embedding-compute", b'{"text":" "}', "Empty texts found at indices: 0\n"),
        (
            "database-introspect",
            b'{"connection_id":"c","url":"x","driver":"oracle"}',
            'database introspection supports only the drivers "clickhouse", "duckdb", "mysql", "postgres"\n',
        ),
        (
            "database-introspect",
            b'{"connection_id":"c","url":"x","schemas":[]}',
            "schemas: database introspection requires at least one schema\n",
        ),
    ],
)
def test_says_on_stderr_why_a_request_failed(command: str, stdin: bytes, stderr: str) -> None:
    done = run(command, stdin=stdin)
    assert (done.returncode, done.stdout, done.stderr.decode()) == (1, b"", stderr)


def test_names_the_class_of_an_unexpected_failure_and_hides_the_password() -> None:
    url = "postgresql://u:hunter22@127.0.0.1:1/d?application_name=hunter22"
    done = run("database-introspect", stdin=json.dumps({"connection_id": "c", "url": url}).encode())
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"OperationalError: connection failed: ")
    assert b"hunter22" not in done.stderr


def test_keeps_stderr_empty_when_it_works_even_where_it_has_something_to_log() -> None:
    request = {"files": [{"path": "bad", "content": "view: {"}]}
    done = run("lookml-parse", stdin=json.dumps(request).encode())
    assert (done.returncode, done.stderr) == (0, b"")
    done = run("sql-validate-read-only", stdin=b'{"dialect":"postgres","sql":"vacuum secret_table"}')
    assert (done.returncode, done.stderr) == (0, b"")


def test_takes_an_invalid_model_for_a_valid_request() -> None:
    done = run("semantic-validate", stdin=b'{"sources":[{"name":"a"}]}')
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["valid"] is False


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["code-execute"],
        ["semantic-query", "--flag"],
        ["serve-http", "--enable-code-execution"],
        ["serve-http", "--host", "0.0.0.0"],
        ["serve-http", "--host", "example.org"],
        ["serve-http", "--host", "::"],
        ["serve-http", "--port", "70000"],
        ["serve-http", "--port", "-1"],
        ["serve-http", "--instance", "short"],
        ["serve-http", "--instance", "A" * 32],
        ["serve-http", "--token-file", "somewhere"],
        ["serve-http", "--idle-seconds", "soon"],
        ["serve-http", "--log-level", "loud"],
    ],
)
def test_shows_usage_for_wrong_arguments(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"usage: ktx-daemon")


def test_lists_every_command_in_its_help() -> None:
    done = run("--help")
    assert done.returncode == 0
    for command in ["serve-http", *(endpoint.command for endpoint in ENDPOINTS)]:
        assert command in done.stdout.decode()


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (None, 0, "No such file or directory"),
        ("a" * 64 + "\n", 0o644, "others can read it"),
        ("a" * 64 + "\n", 0o620, "others can read it"),
        ("a" * 64, 0o600, "not 64 lower-case hex digits and a newline"),
        ("A" * 64 + "\n", 0o600, "not 64 lower-case hex digits and a newline"),
        ("a" * 63 + "\n", 0o600, "not 64 lower-case hex digits and a newline"),
        ("a" * 65 + "\n", 0o600, "not 64 lower-case hex digits and a newline"),
        ("", 0o600, "not 64 lower-case hex digits and a newline"),
    ],
)
def test_refuses_a_token_file_that_cannot_be_trusted(
    tmp_path: Path, content: str | None, mode: int, reason: str
) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content, encoding="ascii")
        path.chmod(mode)
    done = run("serve-http", "--port", "0", "--instance", "0" * 32, "--token-file", str(path))
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith(f"ktx-daemon: failed to read token file `{path}`: {reason}")
    assert b"aaaa" not in done.stderr


def test_refuses_a_token_file_that_is_a_link_or_a_pipe(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(write_token(tmp_path))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for path in (link, pipe, tmp_path):
        done = run("serve-http", "--port", "0", "--instance", "0" * 32, "--token-file", str(path))
        assert done.returncode == 1
        assert b"failed to read token file" in done.stderr


def test_says_which_port_is_taken_and_what_to_do(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve-http", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr.decode() == (
        f"ktx-daemon: failed to bind `127.0.0.1:{port}`: Address already in use\n"
        "hint: choose another port with --port; 0 takes a free one\n"
    )


def test_reads_sql_as_deep_as_the_daemon_does() -> None:
    sql = "select " + "(" * 400 + "1" + ")" * 400
    done = run("sql-validate-read-only", stdin=json.dumps({"dialect": "postgres", "sql": sql}).encode())
    assert (done.returncode, done.stdout) == (0, b'{"ok":true,"error":null}\n')
