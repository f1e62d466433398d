"""The fake Stripe's cost: the server's own CPU time per request, lists as objects grow, start, memory.

The server runs in a process of its own on one core; `wrk` (or, where there is none, a generator of ours) drives it from
another over loopback with eight connections. CPU time is the server's, read from the kernel, so that the generator's
own work does not count.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

__all__ = ["run"]

CONNECTIONS = 8
SECONDS = 3
WARM_UP = 1
SMALL, LARGE = 1_000, 50_000
HEADERS = {"Authorization": "Bearer sk_test_bench", "Content-Type": "application/x-www-form-urlencoded"}
CUSTOMER = "email=ada%40shop.test&name=Ada&metadata[order]=1"
INTENT = (
    "amount=2000&currency=usd&confirm=true&payment_method=pm_card_visa"
    "&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never"
)
SESSION = (
    "mode=payment&success_url=http%3A%2F%2Fshop.test%2Fdone&line_items[0][quantity]=2"
    "&line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=500"
    "&line_items[0][price_data][product_data][name]=Shirt"
)
# Server's own CPU, in microseconds, that is aimed at.
AIMS = {
    "GET /v1/customers/:id": 44,
    "POST /v1/customers": 80,
    "POST /v1/payment_intents": 245,
    "POST /v1/checkout/sessions": 110,
}
SERVER = """
import sys, gc
import uvicorn
from diddo_gateways.documents.sqlite import SqliteDocuments
from diddo_gateways.stripe_fake.app import StripeFake
from diddo_gateways.worlds import Worlds
fake = StripeFake(Worlds(SqliteDocuments()), pages_url="http://127.0.0.1")
gc.freeze()
uvicorn.run(fake, port=int(sys.argv[1]), log_level="warning", access_log=False, loop="uvloop", http="httptools")
"""
# The least that any application on this stack costs: the body read, an answer of the same size sent.
EMPTY = """
import sys
import uvicorn
BODY = b"{" + b" " * 900 + b"}"
START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"902")]}
async def empty(scope, receive, send):
    await receive()
    await send(START)
    await send({"type": "http.response.body", "body": BODY})
options = {"log_level": "warning", "access_log": False, "loop": "uvloop", "http": "httptools", "lifespan": "off"}
uvicorn.run(empty, port=int(sys.argv[1]), **options)
"""


@dataclass(frozen=True)
class Server:
    """The server's process."""

    port: int
    pid: int
    first_answer: float

    def cpu(self) -> float:
        """Return the CPU seconds that the process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Return the memory that the process holds, in MB."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024

    def call(self, method: str, path: str, body: str = "") -> bytes:
        """Send one request and return the body of the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body or None, HEADERS)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {content.decode()}")
        return content


@contextlib.contextmanager
def serving(core: int, program: str = SERVER) -> Iterator[Server]:
    """Run a server pinned to a core, and say how long its first answer took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", program, str(port)])
    try:
        os.sched_setaffinity(process.pid, {core})
        while time.perf_counter() < begun + 20:
            server = Server(port, process.pid, 0)
            with contextlib.suppress(OSError):
                server.call("GET", "/v1/customers")
                yield Server(port, process.pid, time.perf_counter() - begun)
                return
            time.sleep(0.005)
        raise RuntimeError("the server did not answer within 20 seconds")
    finally:
        process.terminate()
        process.wait(10)


def load(server: Server, core: int, method: str, path: str, body: str = "") -> int:
    """Drive one request over and over for a while and return how many were answered."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return asyncio.run(_generate(server, method, path, body))
    lines = [f'wrk.method = "{method}"', *(f'wrk.headers["{name}"] = "{value}"' for name, value in HEADERS.items())]
    if body:
        lines += [f'wrk.body = "{body}"']
    # Each request has a key of its own, as those of the SDKs have.
    lines += [
        "local n = 0",
        f'local run = "{time.monotonic_ns()}"',
        'request = function() n = n + 1; wrk.headers["Idempotency-Key"] = run .. "-" .. n; return wrk.format() end',
        "done = function(s)",
        "  local e = s.errors",
        "  io.write(string.format('answered %d failed %d', s.requests, e.status + e.read + e.connect + e.timeout))",
        "end",
    ]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "requests.lua"
        script.write_text("\n".join(lines), encoding="utf-8")
        command = ["taskset", "-c", str(core), wrk, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script)]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{server.port}{path}"], capture_output=True, text=True, check=True, timeout=60
        )
    answered, failed = done.stdout.rsplit("answered ", 1)[1].split(" failed ")
    if int(failed):
        raise RuntimeError(f"{method} {path}: {failed} of {answered} requests failed")
    return int(answered)


async def _generate(server: Server, method: str, path: str, body: str) -> int:
    """Stand in for wrk: keep-alive connections that send the next request when the last is answered."""
    until = time.perf_counter() + SECONDS
    answered = 0

    async def connection(name: int) -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        number = 0
        while time.perf_counter() < until:
            number += 1
            headers = {**HEADERS, "Host": "bench", "Idempotency-Key": f"{until}-{name}-{number}"}
            lines = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
            writer.write(f"{method} {path} HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
            )
            await reader.readexactly(int(length))
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{method} {path}: {head.splitlines()[0].decode()}")
            answered += 1
        writer.close()

    await asyncio.gather(*(connection(name) for name in range(CONNECTIONS)))
    return answered


def measure(server: Server, core: int, method: str, path: str, body: str = "") -> tuple[float, float]:
    """Return the server's CPU microseconds per request, and requests per second."""
    for _ in range(WARM_UP * 200):
        server.call(method, path, body)
    before, begun = server.cpu(), time.perf_counter()
    answered = load(server, core, method, path, body)
    seconds = time.perf_counter() - begun
    return (server.cpu() - before) / answered * 1e6, answered / seconds


def list_of_ten(server: Server) -> float:
    """Return the median milliseconds of a list of ten over one kept connection."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    times = []
    for _ in range(300):
        begun = time.perf_counter()
        connection.request("GET", "/v1/customers?limit=10", headers=HEADERS)
        connection.getresponse().read()
        times.append(time.perf_counter() - begun)
    connection.close()
    return statistics.median(times) * 1e3


def fill(server: Server, core: int, upto: int, made: int) -> int:
    """Make customers until there are about `upto`; return how many there are."""
    deadline = time.perf_counter() + 120
    while made < upto and time.perf_counter() < deadline:
        made += load(server, core, "POST", "/v1/customers", CUSTOMER)
    return made


def run() -> None:
    """Measure and print."""
    cores = sorted(os.sched_getaffinity(0))
    server_core, load_core = cores[0], cores[-1]
    print("fake Stripe, server's own CPU per request at 8 connections")
    with serving(server_core, EMPTY) as server:
        micros, rate = measure(server, load_core, "POST", "/", CUSTOMER)
        print(f"  {'an empty application, POST':28} {micros:7.0f} µs {'':19}   {rate:8.0f}/s")
    with serving(server_core) as server:
        start, memory = server.first_answer, server.memory()
        customer = server.call("POST", "/v1/customers", CUSTOMER).split(b'"id":"', 1)[1].split(b'"', 1)[0].decode()
        for name, request in {
            "GET /v1/customers/:id": ("GET", f"/v1/customers/{customer}"),
            "POST /v1/customers": ("POST", "/v1/customers", CUSTOMER),
            "POST /v1/payment_intents": ("POST", "/v1/payment_intents", INTENT),
            "POST /v1/checkout/sessions": ("POST", "/v1/checkout/sessions", SESSION),
        }.items():
            micros, rate = measure(server, load_core, *request)
            print(f"  {name:28} {micros:7.0f} µs   aim {AIMS[name]:4} ({micros / AIMS[name]:.2f} x)   {rate:8.0f}/s")
    with serving(server_core) as server:
        for _ in range(SMALL):
            server.call("POST", "/v1/customers", CUSTOMER)
        small = list_of_ten(server)
        made = fill(server, load_core, LARGE, SMALL)
        large, full = list_of_ten(server), server.memory()
    print(
        f"  list of 10: p50 {small:.2f} ms at {SMALL:,} objects, {large:.2f} ms at {made:,} (ratio {large / small:.2f})"
    )
    print(
        f"  first answer {start:.2f} s after start; memory {memory:.0f} MB at start, {full:.0f} MB at {made:,} objects"
    )
