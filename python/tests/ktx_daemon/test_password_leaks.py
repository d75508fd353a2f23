"""No piece of a password reaches an answer or the log, however the connection string is written."""

import io
import json
from pathlib import Path

import pytest

from ktx_daemon.endpoints import BY_COMMAND
from ktx_daemon.one_shot import run_one_shot
from ktx_daemon.redaction import SHORTEST_SECRET, redact
from tests.ktx_daemon.daemon_process import running_daemon

# Port 1 refuses connections. Each row: a connection string, and the password in it as its owner means it.
CONNECTION_STRINGS = [
    ("postgresql://u:zq7vk9xj@127.0.0.1:1/d", "zq7vk9xj"),
    ("postgres://u:zq7vk9xj@127.0.0.1:1/d", "zq7vk9xj"),
    ("postgresql://u:zq7v@k9xjzz@127.0.0.1:1/d", "zq7v@k9xjzz"),
    ("postgresql://u:@zq7vk9xj@127.0.0.1:1/d", "@zq7vk9xj"),
    ("postgresql://u:zq7vk9xj@@127.0.0.1:1/d", "zq7vk9xj@"),
    ("postgresql://u:q@wert@yuiop@127.0.0.1:1/d", "q@wert@yuiop"),
    ("postgresql://u:zq7v:k9xjzz@127.0.0.1:1/d", "zq7v:k9xjzz"),
    ("postgresql://u::zq7vk9xj@127.0.0.1:1/d", ":zq7vk9xj"),
    ("postgresql://u:zq7v/k9xjzz@127.0.0.1:1/d", "zq7v/k9xjzz"),
    ("postgresql://u:1234/k9xjzz@127.0.0.1:1/d", "1234/k9xjzz"),
    ("postgresql://u:/zq7vk9xj@127.0.0.1:1/d", "/zq7vk9xj"),
    ("postgresql://u:zq7v?k9xjzz@127.0.0.1:1/d", "zq7v?k9xjzz"),
    ("postgresql://u:1234?k9xjzz@127.0.0.1:1/d", "1234?k9xjzz"),
    ("postgresql://u:1234?k9xj=zzyy@127.0.0.1:1/d", "1234?k9xj=zzyy"),
    ("postgresql://u:1234?sslmode=zzyy@127.0.0.1:1/d", "1234?sslmode=zzyy"),
    ("postgresql://u:zq7v#k9xjzz@127.0.0.1:1/d", "zq7v#k9xjzz"),
    ("postgresql://u:#zq7vk9xj@127.0.0.1:1/d", "#zq7vk9xj"),
    ("postgresql://u:zq7v%40k9xj@127.0.0.1:1/d", "zq7v@k9xj"),
    ("postgresql://u:zq7v%2Fk9xj%3F@127.0.0.1:1/d", "zq7v/k9xj?"),
    ("postgresql://u:zq7v%k9xjzz@127.0.0.1:1/d", "zq7v%k9xjzz"),
    ("postgresql://u:zq7vk9xj%@127.0.0.1:1/d", "zq7vk9xj%"),
    ("postgresql://u:zq7v%zzk9xj@127.0.0.1:1/d", "zq7v%zzk9xj"),
    ("postgresql://u:zq7v%00k9xj@127.0.0.1:1/d", "zq7v%00k9xj"),
    ("postgresql://u:zq7v k9xjzz@127.0.0.1:1/d", "zq7v k9xjzz"),
    ("postgresql://u:zq7v'k9xjzz@127.0.0.1:1/d", "zq7v'k9xjzz"),
    ('postgresql://u:zq7v"k9xjzz@127.0.0.1:1/d', 'zq7v"k9xjzz'),
    ("postgresql://u:zq7v\\k9xjzz@127.0.0.1:1/d", "zq7v\\k9xjzz"),
    ("postgresql://u:zq7v&k9xj=zz@127.0.0.1:1/d", "zq7v&k9xj=zz"),
    ("postgresql://u:zq7v[k9xj]zz@127.0.0.1:1/d", "zq7v[k9xj]zz"),
    ("postgresql://u:[zq7vk9xj@127.0.0.1:1/d", "[zq7vk9xj"),
    ("postgresql://u:zq7v,k9xjzz@127.0.0.1:1/d", "zq7v,k9xjzz"),
    ("postgresql://u:zü7vk9xjß@127.0.0.1:1/d", "zü7vk9xjß"),
    ("postgresql://u:密码密码密码@127.0.0.1:1/d", "密码密码密码"),
    ("postgresql://u:z%C3%BC7vk9xj@127.0.0.1:1/d", "zü7vk9xj"),
    ("postgresql://u:😀zq7vk9xj@127.0.0.1:1/d", "😀zq7vk9xj"),
    ("postgresql://u@x:zq7vk9xj@127.0.0.1:1/d", "zq7vk9xj"),
    ("postgresql://u%40x:zq7vk9xj@127.0.0.1:1/d", "zq7vk9xj"),
    ("postgresql://u:zq7vk9xj@127.0.0.1:port/d", "zq7vk9xj"),
    ("postgresql://u:zq7vk9xj@127.0.0.1:1/d?sslmode=nonsense", "zq7vk9xj"),
    ("postgresql://u:zq7vk9xj@127.0.0.1:1/d?nonsense=1", "zq7vk9xj"),
    ("postgresql://u:zq7vk9xj@[::1]:1/d", "zq7vk9xj"),
    ("postgresql://u:zq7vk9xj@127.0.0.1:1,127.0.0.1:2/d", "zq7vk9xj"),
    ("postgresql://127.0.0.1:1/d?user=u&password=zq7vk9xj", "zq7vk9xj"),
    ("postgresql://127.0.0.1:1/d?user=u&password=zq7v%40k9xj", "zq7v@k9xj"),
    ("postgresql://u@127.0.0.1:1/d?password=zq7v@k9xjzz", "zq7v@k9xjzz"),
    ("postgresql://u@127.0.0.1:1/d?sslpassword=zq7vk9xj&sslkey=/none", "zq7vk9xj"),
    ("mysql://u:zq7vk9xj@127.0.0.1:1/d", "zq7vk9xj"),
    ("clickhouse://u:zq7vk9xj@127.0.0.1:1/d", "zq7vk9xj"),
    ("https://u:zq7v%40k9xj@127.0.0.1:1/d", "zq7v@k9xj"),
    ("host=127.0.0.1 port=1 user=u password=zq7vk9xj", "zq7vk9xj"),
    ("host=127.0.0.1 port=1 user=u password='zq7v k9xjzz'", "zq7v k9xjzz"),
    (r"host=127.0.0.1 port=1 user=u password='zq7v\'k9xjzz'", "zq7v'k9xjzz"),
    (r"host=127.0.0.1 port=1 user=u password=zq7v\ k9xjzz", "zq7v k9xjzz"),
    ("host=127.0.0.1 port=1 user=u password = zq7vk9xj", "zq7vk9xj"),
    ("host=127.0.0.1 port=1 user=u password=zq7v k9xjzz", "zq7v k9xjzz"),
    ("host=127.0.0.1 port=1 user=u password='zq7vk9xj", "zq7vk9xj"),
    ("host=127.0.0.1 port=1 password=zq7v@k9xj sslmode=nonsense", "zq7v@k9xj"),
]  # fmt: skip

NOT_SECRET = "127.0.0.1:1/d sslmode password postgresql PostgreSQL connection string user port"


def pieces(password: str) -> set[str]:
    """All that a reader could recognise the password by."""
    windows = {password[at : at + SHORTEST_SECRET] for at in range(len(password) - SHORTEST_SECRET + 1)}
    return {window for window in windows if window not in NOT_SECRET}


@pytest.mark.parametrize(("url", "password"), CONNECTION_STRINGS)
def test_says_nothing_of_the_password(url: str, password: str) -> None:
    body = json.dumps({"connection_id": "c", "url": url, "connection_timeout_seconds": 2}).encode()
    stderr = io.StringIO()
    assert run_one_shot(BY_COMMAND["database-introspect"], io.BytesIO(body), io.BytesIO(), stderr) == 1
    assert stderr.getvalue().strip()
    assert {piece for piece in pieces(password) if piece in stderr.getvalue()} == set()


def test_logs_and_answers_nothing_of_them_either(tmp_path: Path) -> None:
    with running_daemon(tmp_path, "--log-level", "trace") as daemon:
        for url, password in CONNECTION_STRINGS:
            answer = daemon.post("/database/introspect", {"connection_id": "c", "url": url})
            assert answer.status in (400, 500)
            said = answer.body.decode() + daemon.log()
            assert {piece for piece in pieces(password) if piece in said} == set(), url


@pytest.mark.parametrize(
    ("url", "password"), [row for row in CONNECTION_STRINGS if "://" in row[0] and not set(row[0]) & set(" '\"")]
)
def test_masks_a_connection_string_wherever_it_is(url: str, password: str) -> None:
    masked = redact(f"failed to open {url}: timeout")
    assert {piece for piece in pieces(password) if piece in masked} == set()
    assert masked.endswith("timeout")


def test_keeps_what_is_not_secret(tmp_path: Path) -> None:
    body = json.dumps({"connection_id": "c", "url": "postgresql://u:zq7vk9xj@127.0.0.1:1/d"}).encode()
    stderr = io.StringIO()
    run_one_shot(BY_COMMAND["database-introspect"], io.BytesIO(body), io.BytesIO(), stderr)
    assert '"127.0.0.1", port 1 failed' in stderr.getvalue()
