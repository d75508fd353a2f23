"""Measures the daemon beside bare peers in one run and prints the numbers as one JSON document.

Run it with the interpreter whose environment holds the dependencies: `python bench/daemon.py`. Times are medians of
interleaved runs in milliseconds, memory is resident MiB. Limits are the ones that the project promises. Those in
milliseconds were set on a machine that starts the bare app in 84 ms; on a slower one they grow with it. The exit
status is 1 when a limit is broken.
"""

import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAYLOAD = Path(__file__).parents[1]
CASES = PAYLOAD.parent / "fixtures/contract/sl-cases.json"
BARE_START_OF_THE_LIMITS = 84.0
STARTS = 9
REQUESTS = 400
LARGE_REQUESTS = 40
SMALL_ITEM = {"items": [{"key": "k", "sql_table_name": "mart.events", "dialect": "postgres"}]}

# What distorts start-up time in developers' shells, and what would load other code.
UNWANTED = {"PYTHONDONTWRITEBYTECODE", "NODE_EXTRA_CA_CERTS", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"}


def main() -> int:
    """Measure everything and print it."""
    report: dict[str, Any] = {"python": sys.version.split()[0], "measurements": []}
    measurements = [*start_up()]
    scale = max(1.0, measurements[0]["peer"] / BARE_START_OF_THE_LIMITS)
    report["scale"] = round(scale, 3)
    measurements += [*one_shot(), *templates(), *latency_and_memory(scale)]
    report["measurements"] = measurements
    broken = [found["name"] for found in measurements if "limit" in found and found[found["limited"]] > found["limit"]]
    report["broken"] = broken
    print(json.dumps(report, indent=2))
    return 1 if broken else 0


def measurement(name: str, *, value: float, peer: float | None = None, limit: float | None = None) -> dict[str, Any]:
    """One line of the report. With a peer the limit is for the ratio, else for the value."""
    found: dict[str, Any] = {"name": name, "value": round(value, 3)}
    if peer is not None:
        found |= {"peer": round(peer, 3), "ratio": round(value / peer, 3)}
    if limit is not None:
        found |= {"limit": round(limit, 3), "limited": "value" if peer is None else "ratio"}
    return found


def start_up() -> Iterator[dict[str, Any]]:
    """From spawn to the first healthy answer."""
    daemon: list[float] = []
    bare: list[float] = []
    memory: list[float] = []
    bare_memory: list[float] = []
    for run in range(STARTS + 1):
        with running(daemon_command()) as (process, _, took):
            if run:  # the first run fills caches
                daemon.append(took)
                memory.append(resident_mib(process.pid))
        with running(bare_command()) as (process, _, took):
            if run:
                bare.append(took)
                bare_memory.append(resident_mib(process.pid))
    yield measurement("spawn to healthy, ms", value=median(daemon), peer=median(bare), limit=2.0)
    yield measurement("idle memory, MiB", value=median(memory), limit=45)
    yield measurement("idle memory of the bare app, MiB", value=median(bare_memory))


def one_shot() -> Iterator[dict[str, Any]]:
    """One `semantic-query` process beside the import of its two libraries."""
    request = json.dumps(semantic_requests()["one fact"]).encode()
    ours: list[float] = []
    imports: list[float] = []
    for run in range(STARTS + 1):
        took = run_once([*python(), "-m", "ktx_daemon", "semantic-query"], request)
        peer = run_once([*python(), "-c", "import sqlglot, pydantic"], b"")
        if run:
            ours.append(took)
            imports.append(peer)
    yield measurement("one-shot semantic-query, ms", value=median(ours), peer=median(imports), limit=1.4)


def templates() -> Iterator[dict[str, Any]]:
    """Templates of a query history, with what people do in them, beside sqlglot alone."""
    command = [*python(), str(Path(__file__).with_name("templates.py"))]
    found = json.loads(subprocess.run(command, env=environment(), capture_output=True, check=True, text=True).stdout)
    yield measurement("1,000 query templates on one core, ms", **found["one core"], limit=1.1)
    yield measurement("5,000 query templates on two cores, ms", **found["two cores"], limit=1.0)


def latency_and_memory(scale: float) -> Iterator[dict[str, Any]]:
    """Warm requests of one client, health under load, memory afterwards."""
    with running(bare_command()) as (_, bare_port, _), running(daemon_command()) as (process, port, _):
        yield measurement("bare echo p50, ms", value=p50(bare_port, "/echo", SMALL_ITEM))
        value = p50(port, "/sql/parse-table-identifier", SMALL_ITEM)
        yield measurement("/sql/parse-table-identifier p50, ms", value=value, limit=0.5 * scale)
        for name, limit in (("one fact", 1.0), ("six sources", 3.0)):
            request = semantic_requests()[name]
            value = p50(port, "/semantic-layer/query", request)
            yield measurement(f"/semantic-layer/query p50, {name}, ms", value=value, limit=limit * scale)
        for name, request in large_models().items():
            value = p50(port, "/semantic-layer/query", request, requests=LARGE_REQUESTS)
            yield measurement(f"/semantic-layer/query p50, {name}, ms", value=value, limit=100 * scale)
        slowest, lasted = health_under_load(port)
        yield measurement("longest /health during heavy work, ms", value=slowest, limit=100 * scale)
        yield measurement("the heavy work lasted, ms", value=lasted)
        yield measurement("memory after load, MiB", value=resident_mib(process.pid), limit=80)


def health_under_load(port: int) -> tuple[float, float]:
    """Ask for health while a batch of statements keeps a thread busy for seconds: the worst neighbour there is."""
    statement = "SELECT " + ", ".join(f"sum(a{n}) FILTER (WHERE b{n} > {n})" for n in range(60)) + " FROM t GROUP BY 1"
    batch = {"dialect": "postgres", "items": [{"id": str(n), "sql": statement} for n in range(300)]}
    done: list[float] = []

    def work() -> None:
        started = time.perf_counter()
        post(port, "/sql/analyze-batch", batch)
        done.append((time.perf_counter() - started) * 1000)

    worker = threading.Thread(target=work)
    worker.start()
    times = []
    while worker.is_alive():
        started = time.perf_counter()
        get_health(port)
        times.append((time.perf_counter() - started) * 1000)
        time.sleep(0.02)
    worker.join()
    return max(times), done[0]


def semantic_requests() -> dict[str, Any]:
    """Queries over the shared fixture: one fact; and measures and dimensions of all six sources."""
    sources = json.loads(CASES.read_text(encoding="utf-8"))["fixtures"]["shop"]["sources"]
    one = {"measures": ["orders.gross"], "dimensions": ["customers.region"]}
    six = {
        "measures": ["order_items.units", "orders.gross", "tickets.effort", "refunds.refunded"],
        "dimensions": ["customers.region", "customers.tier"],
        "filters": ["customers.region <> 'US'", "products.category <> 'food'"],
    }
    return {
        "one fact": {"sources": sources, "query": one, "dialect": "postgres"},
        "six sources": {"sources": sources, "query": six, "dialect": "postgres"},
    }


def large_models() -> dict[str, Any]:
    """A query 40 joins deep over 500 sources: a chain, and one with two ways more from each source to the next."""
    chain = [source(f"s{number}", f"s{number + 1}") for number in range(499)] + [source("s499")]
    diamonds = []
    for number in range(40):
        following = f"s{number + 1}"
        diamonds.append(source(f"s{number}", f"a{number}", f"b{number}", following))
        diamonds += [source(f"{side}{number}", following) for side in "ab"]
    diamonds += [source("s40"), *(source(f"x{number}", "s0") for number in range(500 - 121))]
    query = {"measures": ["s0.total"], "dimensions": ["s40.label"]}
    return {
        name: {"sources": sources, "query": query, "dialect": "postgres"}
        for name, sources in (("500 sources, 40 joins deep", chain), ("500 sources full of diamonds", diamonds))
    }


def source(name: str, *targets: str) -> dict[str, Any]:
    """A source that joins others, each by a column of its own."""
    columns = [("id", "number"), ("value", "number"), ("label", "string"), *((f"{to}_id", "number") for to in targets)]
    return {
        "name": name,
        "table": name,
        "grain": ["id"],
        "columns": [{"name": column, "type": kind} for column, kind in columns],
        "joins": [{"to": to, "on": f"{to}_id = {to}.id", "relationship": "many_to_one"} for to in targets],
        "measures": [{"name": "total", "expr": "sum(value)"}],
    }


def python() -> list[str]:
    """The interpreter as the runtime calls it, where the payload is installed."""
    return [sys.executable, "-I"] if installed() else [sys.executable]


def installed() -> bool:
    """Whether the payload is installed in this interpreter's environment."""
    probe = [sys.executable, "-I", "-c", "import ktx_daemon"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def environment() -> dict[str, str]:
    """This shell's environment without what would distort the numbers."""
    kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    return kept if installed() else kept | {"PYTHONPATH": str(PAYLOAD)}


def daemon_command() -> list[str]:
    """Start the daemon; the port is appended."""
    return [*python(), "-m", "ktx_daemon", "serve-http", "--log-level", "warning", "--port"]


def bare_command() -> list[str]:
    """Start the bare app; the port is appended."""
    return [*python(), str(Path(__file__).with_name("bare_app.py"))]


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[tuple[subprocess.Popen[bytes], int, float]]:
    """Start a server; yield it, its port and the milliseconds from spawn to healthy."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen([*command, str(port)], env=environment(), stdout=log, stderr=log)
        try:
            while True:
                try:
                    get_health(port)
                    break
                except OSError:
                    if process.poll() is not None or time.perf_counter() - started > 30:
                        log.seek(0)
                        sys.exit(f"{command} did not start:\n{log.read().decode()}")
                    time.sleep(0.002)
            yield process, port, (time.perf_counter() - started) * 1000
        finally:
            process.kill()
            process.wait()


def run_once(command: list[str], stdin: bytes) -> float:
    """Run a command to its end and return the milliseconds."""
    started = time.perf_counter()
    finished = subprocess.run(command, input=stdin, env=environment(), capture_output=True, check=False)
    took = (time.perf_counter() - started) * 1000
    if finished.returncode != 0:
        sys.exit(f"{command} failed:\n{finished.stderr.decode()}")
    return took


def p50(port: int, path: str, payload: Any, requests: int = REQUESTS) -> float:
    """Median milliseconds of one client's warm requests on one connection."""
    body = json.dumps(payload).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    times = []
    for _ in range(requests):
        started = time.perf_counter()
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        times.append((time.perf_counter() - started) * 1000)
        if response.status != 200:
            sys.exit(f"{path} answered {response.status}: {answer.decode()}")
    connection.close()
    return median(times[requests // 4 :])


def post(port: int, path: str, payload: Any) -> None:
    """Send one request on its own connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", path, json.dumps(payload).encode(), {"Content-Type": "application/json"})
    connection.getresponse().read()
    connection.close()


def get_health(port: int) -> None:
    """Ask for health once; raises `OSError` while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/health")
    connection.getresponse().read()
    connection.close()


def resident_mib(pid: int) -> float:
    """Resident memory of a process, as the system's `ps` counts it."""
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True, text=True)
    return int(shown.stdout) / 1024


def median(values: list[float]) -> float:
    """The middle value."""
    return statistics.median(values)


if __name__ == "__main__":
    sys.exit(main())
