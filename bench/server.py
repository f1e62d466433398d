"""The server's cost: its own CPU time per request, lists as objects grow, start and memory.

`diddo serve` runs in a process of its own on one core; `wrk` (or, where there is none, a generator of ours) drives it
from another, over loopback with eight connections. CPU time is read from the kernel, so the generator's work does not
count. Machines differ and drift by a factor of two, so a figure counts as a ratio to the floor measured in the same
run: an empty ASGI application under the same HTTP server.
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

__all__ = ["run"]

Report = Callable[[str, str, str], None]
"""Called with what was measured, the figure, and what it should be."""

CONNECTIONS = 8
SECONDS = 3
SMALL, LARGE = 1_000, 50_000
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
# What the floor cost where the aims were set, in microseconds.
REFERENCE_FLOOR = 22.7
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


@dataclass(frozen=True, slots=True)
class Request:
    """One request to repeat; `world` is the key's world, in which `{n}` is the request's number."""

    method: str
    path: str
    body: str = ""
    media_type: str = FORM
    world: str = "bench"


CUSTOMER = Request("POST", "/v1/customers", "email=ada%40shop.test&name=Ada&metadata[order]=1")
INTENT = Request(
    "POST",
    "/v1/payment_intents",
    "amount=2000&currency=usd&confirm=true&payment_method=pm_card_visa"
    "&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never",
)
SESSION = Request(
    "POST",
    "/v1/checkout/sessions",
    "mode=payment&success_url=http%3A%2F%2Fshop.test%2Fdone&line_items[0][quantity]=2"
    "&line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=500"
    "&line_items[0][price_data][product_data][name]=Shirt",
)
ADD = Request("POST", "/cart/add", '{"cart_id": "0", "item": {"variant_id": "gulls-scarf", "quantity": 1}}', JSON)
READ_CART = Request("GET", "/cart/cart_ready")
# A cart can be checked out once, so each request has a world of its own, made ready beforehand.
READY = Request("GET", "/cart/cart_ready", world="ready{n}")
CHECK_OUT = Request("POST", "/checkout/cart_ready", world="ready{n}")


def run(report: Report) -> None:
    """Measure everything, and call `report` once per row."""
    cores = sorted(os.sched_getaffinity(0))
    server_core, load_core = cores[0], cores[-1]
    with serving(server_core, [sys.executable, "-c", EMPTY]) as empty, serving(server_core, diddo_serve()) as server:
        start, memory = server.first_answer, server.memory()
        for what, request, aim in rows(server):
            # Beside each row: a machine that others use too changes its pace within a minute.
            floor, _ = measure(empty, load_core, READ_CART)
            if request is CHECK_OUT:
                load(server, load_core, READY)
            micros, rate = measure(server, load_core, request)
            scaled = "" if aim is None else f"{aim / REFERENCE_FLOOR:.1f} x, for now {2 * aim / REFERENCE_FLOOR:.1f} x"
            report(what, f"{micros:.0f} µs, {micros / floor:.1f} x of {floor:.0f}, {rate:,.0f}/s", scaled)
    with serving(server_core, diddo_serve()) as server:
        for _ in range(SMALL):
            server.call(CUSTOMER)
        small = list_of_ten(server)
        made = fill(server, load_core, upto=LARGE, made=SMALL)
        large, full = list_of_ten(server), server.memory()
    report(f"list of 10, {SMALL:,} objects", f"{small:.2f} ms", "0.2 ms")
    report(f"list of 10, {made:,} objects", f"{large:.2f} ms, {large / small:.2f} x", "1 x")
    report("first answer after start", f"{start:.2f} s", "0.6 s, listening in 1 s")
    report(f"memory at start, and at {made:,} objects", f"{memory:.0f} MB, {full:.0f} MB", "150 MB, for now 300 MB")


def diddo_serve() -> list[str]:
    """Return the command that serves; the port is appended."""
    return [str(Path(sys.executable).with_name("diddo")), "serve", "--quiet", "--port"]


def rows(server: "Server") -> Iterator[tuple[str, Request, int | None]]:
    """Yield what is measured, with the aim in microseconds where the floor is `REFERENCE_FLOOR`."""
    customer = server.call(CUSTOMER).split(b'"id":"', 1)[1].split(b'"', 1)[0].decode()
    yield "GET /v1/customers/:id", Request("GET", f"/v1/customers/{customer}"), 44
    yield "POST /v1/customers", CUSTOMER, 80
    yield "POST /v1/payment_intents, confirmed", INTENT, 245
    yield "POST /v1/checkout/sessions", SESSION, 110
    yield "GET /cart/:id", READ_CART, None
    yield "POST /cart/add", ADD, None
    yield "POST /checkout/:cart_id", CHECK_OUT, None


@dataclass(frozen=True, slots=True)
class Server:
    """A server's process."""

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

    def call(self, request: Request) -> bytes:
        """Send one request and return the body of the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(request.method, request.path, request.body or None, headers_of(request))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{request.method} {request.path} answered {answer.status}: {content.decode()}")
        return content


def headers_of(request: Request, number: int = 0) -> dict[str, str]:
    """Return the headers of the n-th request."""
    key = f"Bearer sk_test_{request.world.replace('{n}', str(number))}"
    return {"Authorization": key, "Content-Type": request.media_type}


@contextlib.contextmanager
def serving(core: int, command: list[str]) -> Iterator[Server]:
    """Run a server pinned to a core, and say how long its first answer took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    begun = time.perf_counter()
    process = subprocess.Popen([*command, str(port)])
    try:
        os.sched_setaffinity(process.pid, {core})
        while time.perf_counter() < begun + 20:
            with contextlib.suppress(OSError):
                Server(port, process.pid, 0).call(READ_CART)
                yield Server(port, process.pid, time.perf_counter() - begun)
                return
            time.sleep(0.005)
        raise RuntimeError("the server did not answer within 20 seconds")
    finally:
        process.terminate()
        process.wait(10)


def measure(server: Server, core: int, request: Request) -> tuple[float, float]:
    """Return the server's CPU microseconds per request, and requests per second."""
    if request is not CHECK_OUT:
        for _ in range(200):
            server.call(request)
    before, begun = server.cpu(), time.perf_counter()
    answered = load(server, core, request)
    seconds = time.perf_counter() - begun
    return (server.cpu() - before) / answered * 1e6, answered / seconds


def load(server: Server, core: int, request: Request) -> int:
    """Drive one request over and over for a while and return how many were answered."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return asyncio.run(_generate(server, request))
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "requests.lua"
        script.write_text(_lua(request), encoding="utf-8")
        command = ["taskset", "-c", str(core), wrk, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script)]
        url = f"http://127.0.0.1:{server.port}{request.path}"
        done = subprocess.run([*command, url], capture_output=True, text=True, check=True, timeout=60)
    answered, failed = done.stdout.rsplit("answered ", 1)[1].split(" failed ")
    if int(failed):
        raise RuntimeError(f"{request.method} {request.path}: {failed} of {answered} requests failed")
    return int(answered)


def _lua(request: Request) -> str:
    """Return wrk's script; each request has an idempotency key of its own, as those of the SDKs have."""
    world = '" .. n .. "'.join(request.world.split("{n}"))
    return "\n".join(
        [
            f'wrk.method = "{request.method}"',
            f'wrk.headers["Content-Type"] = "{request.media_type}"',
            f"wrk.body = [[{request.body}]]" if request.body else "",
            "local n = -1",
            "request = function()",
            "  n = n + 1",
            f'  wrk.headers["Idempotency-Key"] = "{time.monotonic_ns()}-" .. n',
            f'  wrk.headers["Authorization"] = "Bearer sk_test_{world}"',
            "  return wrk.format()",
            "end",
            "done = function(s)",
            "  local e = s.errors",
            "  io.write(string.format('answered %d failed %d', s.requests, e.status + e.read + e.connect + e.timeout))",
            "end",
        ]
    )


async def _generate(server: Server, request: Request) -> int:
    """Stand in for wrk: keep-alive connections that send the next request when the last is answered."""
    until = time.perf_counter() + SECONDS
    answered = 0

    async def connection() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        while time.perf_counter() < until:
            number, answered = answered, answered + 1
            headers = {**headers_of(request, number), "Host": "localhost", "Idempotency-Key": f"{until}-{number}"}
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            head = f"{request.method} {request.path} HTTP/1.1\r\n{lines}Content-Length: {len(request.body)}\r\n\r\n"
            writer.write(f"{head}{request.body}".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            length = answer.lower().split(b"content-length:")[1].split(b"\r\n")[0]
            await reader.readexactly(int(length))
            if not answer.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{request.method} {request.path}: {answer.splitlines()[0].decode()}")
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return answered


def list_of_ten(server: Server) -> float:
    """Return the median milliseconds of a list of ten over one kept connection."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    times = []
    for _ in range(300):
        begun = time.perf_counter()
        connection.request("GET", "/v1/customers?limit=10", headers=headers_of(CUSTOMER))
        connection.getresponse().read()
        times.append(time.perf_counter() - begun)
    connection.close()
    return statistics.median(times) * 1e3


def fill(server: Server, core: int, *, upto: int, made: int) -> int:
    """Make customers until there are about `upto`; return how many there are."""
    deadline = time.perf_counter() + 120
    while made < upto and time.perf_counter() < deadline:
        made += load(server, core, CUSTOMER)
    return made
