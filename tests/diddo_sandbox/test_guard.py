"""What is refused before any route: hosts, origins, sizes; and one shape for every failure."""

import pytest

from diddo_rules import Engine, RulesSettings, Settings, check
from diddo_rules.violations import Violation
from diddo_sandbox.answers import BODY_LIMIT
from diddo_sandbox.settings import SandboxSettings
from diddo_sandbox.testing import InProcessSandbox

from .conftest import CONTRACT_CODES, HOODIE, Api

KEY = "sk_test_guard"


def headers_of(in_process: InProcessSandbox, path: str = "/products", **headers: str) -> tuple[int, list[str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = in_process.request("GET", path, key=KEY, headers=named)
    return answer.status, [] if answer.status == 200 else answer.codes


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", ""])
def test_other_names_of_this_machine_are_refused(in_process: InProcessSandbox, host: str) -> None:
    assert headers_of(in_process, host=host) == (400, ["INVALID_REQUEST"])
    assert headers_of(in_process, "/v1/customers", host=host) == (400, ["INVALID_REQUEST"])


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080", "sandbox.test"])
def test_local_names_are_served(in_process: InProcessSandbox, host: str) -> None:
    assert headers_of(in_process, host=host) == (200, [])


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:3000", "http://a:99999", "http://[", "null"]
)
def test_the_control_api_is_closed_to_other_origins(in_process: InProcessSandbox, origin: str) -> None:
    assert headers_of(in_process, "/_sandbox/clock", origin=origin) == (403, ["FORBIDDEN"])
    assert headers_of(in_process, "/c/pay/cs_test_1", origin=origin) == (403, ["FORBIDDEN"])
    assert headers_of(in_process, "/_sandbox/clock", origin="http://sandbox.test") == (200, [])


def test_local_front_ends_may_call_the_api(in_process: InProcessSandbox) -> None:
    origin = "http://localhost:5173"
    asked = {
        "origin": origin,
        "access-control-request-method": "DELETE",
        "access-control-request-headers": "authorization,content-type",
    }
    preflight = in_process.request("OPTIONS", "/cart/items", key=None, headers=asked)
    assert preflight.status == 200
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "DELETE" in preflight.headers["access-control-allow-methods"]
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    answer = in_process.request("GET", "/products", key=KEY, headers={"origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin
    other = in_process.request("GET", "/products", key=KEY, headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_bodies_are_bounded(in_process: InProcessSandbox) -> None:
    answer = in_process.request("POST", "/cart/add", b"x" * (BODY_LIMIT + 1), key=KEY)
    assert (answer.status, answer.codes) == (413, ["REQUEST_TOO_LARGE"])
    # A body without a length is counted as it arrives.
    answer = in_process.request(
        "POST", "/cart/add", b"x" * (BODY_LIMIT + 1), key=KEY, headers={"content-length": "nan"}
    )
    assert (answer.status, answer.codes) == (413, ["REQUEST_TOO_LARGE"])


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        (None, 401, "UNAUTHORIZED"),
        ("nonsense", 401, "UNAUTHORIZED"),
        ("sk_live_real", 401, "UNAUTHORIZED"),
        ("sk_test_", 401, "UNAUTHORIZED"),
        ("sk_test_a/../b", 401, "UNAUTHORIZED"),
        ("pk_test_public", 403, "FORBIDDEN"),
    ],
)
def test_keys_that_open_nothing(in_process: InProcessSandbox, key: str | None, status: int, code: str) -> None:
    answer = in_process.request("GET", "/products", key=key)
    assert (answer.status, answer.codes) == (status, [code])
    assert key in (None, "sk_test_") or key not in answer.body.decode()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("PUT", "/cart/add", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/checkout/cst", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/_sandbox/gateways/nobody/webhook", 404, "NOT_FOUND"),
        ("POST", "/_sandbox/gateways/stripe/webhook", 400, "INVALID_REQUEST"),
    ],
)
def test_wrong_paths_and_methods(api: Api, method: str, path: str, status: int, code: str) -> None:
    answer = api(method, path)
    assert (answer.status, answer.codes) == (status, [code])


class Broken(Violation):
    """Never seen: its check crashes first."""

    code = "BROKEN"
    http_status = 400
    template = "Broken."
    remedy = "Mend it."


@check(yields=[Broken])
def crashes(cart: object) -> list[Broken]:  # noqa: ARG001  what every check takes
    raise RuntimeError("the rule broke")


def test_a_crashing_rule_is_a_500_that_names_it_and_the_server_goes_on() -> None:
    engine = Engine.from_settings(Settings())
    engine.register(type("broken", (), {"crashes": staticmethod(crashes)})())
    with InProcessSandbox(engine=engine) as sandbox:
        answer = sandbox.request("POST", "/checkout/cart_ready", key=KEY)
        assert (answer.status, answer.codes) == (500, ["INTERNAL_SERVER_ERROR"])
        assert "crashes" in answer.json["errors"][0]["message"]
        assert sandbox.request("GET", "/cart/cart_ready", key=KEY).json["status"] == "IN_PROGRESS"
        assert sandbox.request("POST", "/cart/add", add_hoodie("cart_ready"), key=KEY).status == 200


def test_switched_off_checks_leave_nothing_to_crash_on() -> None:
    engine = Engine.from_settings(Settings(rules=RulesSettings(enable=("VARIANT_NOT_FOUND",))))
    with InProcessSandbox(engine=engine) as sandbox:
        assert sandbox.request("POST", "/checkout/nope", key=KEY).codes == ["CART_NOT_FOUND"]
        assert sandbox.request("POST", "/checkout/cart_empty", key=KEY).codes == ["PAYMENT_REFUSED"]
        assert sandbox.request("POST", "/checkout/cart_no_buyer", key=KEY).status == 200
        assert sandbox.request("GET", "/cart/cart_empty", key=KEY).json["status"] == "IN_PROGRESS"


@pytest.mark.parametrize("code", CONTRACT_CODES)
def test_each_check_may_be_off_alone_or_with_the_others(code: str) -> None:
    for disabled in ((code,), tuple(CONTRACT_CODES)):
        engine = Engine.from_settings(Settings(rules=RulesSettings(disable=disabled)))
        with InProcessSandbox(engine=engine) as sandbox:
            answer = sandbox.request("POST", f"/checkout/cart_force_{code}", key=KEY)
            assert answer.status < 500, answer.body
            if answer.status != 200:
                assert sandbox.request("POST", f"/checkout/cart_force_{code}", key=KEY).codes == answer.codes


def test_a_crash_is_logged_with_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    engine = Engine.from_settings(Settings())
    engine.register(type("broken", (), {"crashes": staticmethod(crashes)})())
    with InProcessSandbox(engine=engine) as sandbox:
        sandbox.request("POST", "/checkout/cart_ready", key=KEY)
    assert "RuntimeError: the rule broke" in caplog.text


def test_pages_of_local_front_ends_may_read_every_refusal(in_process: InProcessSandbox) -> None:
    origin = {"origin": "http://localhost:5173"}
    for path, body in (("/cart/add", b"x" * (BODY_LIMIT + 1)), ("/cart/add", b"{"), ("/nowhere", b"")):
        answer = in_process.request("POST", path, body, key=KEY, headers=origin)
        assert answer.status >= 400
        assert answer.headers["access-control-allow-origin"] == origin["origin"]


def test_pages_may_be_reached_through_a_port_mapping(in_process: InProcessSandbox) -> None:
    mapped = {"host": "localhost:9000", "origin": "http://localhost:9000"}
    assert in_process.request("POST", "/c/pay/cs_test_1", b"", key=None, headers=mapped).status == 404
    other = mapped | {"origin": "http://localhost:9001"}
    assert in_process.request("POST", "/c/pay/cs_test_1", b"", key=None, headers=other).status == 403


def test_forms_are_bounded(in_process: InProcessSandbox) -> None:
    url = in_process.request("POST", "/checkout/cart_ready", key="sk_test_forms").json["url"]
    path = url.partition("#")[0].removeprefix("http://sandbox.test")
    answer = in_process.request("POST", path, b"&".join([b"x=1"] * 301), key=None)
    assert (answer.status, answer.codes) == (400, ["INVALID_REQUEST"])


def add_hoodie(cart_id: str) -> object:
    return {"cart_id": cart_id, "item": {"variant_id": HOODIE, "quantity": 1}}


def test_a_fault_of_the_server_is_logged_and_answered(
    in_process: InProcessSandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(in_process.app.services.catalogue, "search", broken)
    answer = in_process.request("GET", "/products", key=KEY)
    assert (answer.status, answer.codes) == (500, ["INTERNAL_SERVER_ERROR"])
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.undo()
    assert in_process.request("GET", "/products", key=KEY).status == 200


def test_without_keys_everybody_shares_one_world() -> None:
    with InProcessSandbox(SandboxSettings(auth=False, allowed_hosts=("sandbox.test",))) as sandbox:
        cart_id = sandbox.request("POST", "/cart/add", add_hoodie("0"), key=None).json["id"]
        assert sandbox.request("GET", f"/cart/{cart_id}", key=None).status == 200
        assert sandbox.request("GET", f"/cart/{cart_id}", key="sk_test_default").status == 200
        assert sandbox.request("GET", f"/cart/{cart_id}", key="sk_test_other").status == 404
