"""The catalogue: complete, up to date, and every operation of it usable."""

import subprocess
import sys
from pathlib import Path

import pytest
import stripe

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.errors import StripeError
from diddo_gateways.stripe_fake.operations import operations
from diddo_gateways.stripe_fake.parameters import Parameters
from diddo_gateways.stripe_fake.resources import load
from diddo_gateways.stripe_fake.shapes import blank, check_shape
from diddo_gateways.stripe_fake.work import API_VERSION

SCRIPTS = Path(__file__).parents[3] / "scripts"
KNOWN = catalogue.load()


@pytest.mark.parametrize("script", ["make_catalogue.py", "make_coverage.py"])
def test_what_is_generated_is_up_to_date(script: str) -> None:
    command = [sys.executable, SCRIPTS / script, "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_catalogue_is_of_the_installed_sdk() -> None:
    assert KNOWN.sdk == stripe.VERSION
    assert stripe.api_version == KNOWN.api_version == API_VERSION


def test_every_operation_of_the_sdk_is_there() -> None:
    assert len(KNOWN.operations) == 648
    assert sum(operation.path.startswith("/v1/") for operation in KNOWN.operations.values()) == 557
    assert len(KNOWN.resources) > 150


@pytest.mark.parametrize("name", KNOWN.operations)
def test_every_operation_is_reached_by_its_url_and_has_a_validator(name: str) -> None:
    operation = KNOWN.operations[name]
    path = operation.path.replace("{", "id_of_").replace("}", "")
    route = KNOWN.route(operation.method, path)
    assert route is not None
    assert route.operation is operation
    assert all(value == f"id_of_{key}" for key, value in route.ids.items())
    with pytest.raises(StripeError) as refused:
        Parameters(KNOWN).read(operation, {"no_such_parameter": "1"})
    assert refused.value.code == "parameter_unknown"


def test_every_modelled_operation_is_one_of_stripes() -> None:
    load()
    assert set(operations()) <= {*KNOWN.operations, *KNOWN.unlisted}


@pytest.mark.parametrize("kind", KNOWN.resources)
def test_a_blank_object_deviates_only_in_what_behaviour_must_fill(kind: str) -> None:
    deviations = check_shape(blank(kind))
    assert [text for text in deviations if ": None is no" not in text] == []


def test_an_empty_id_is_no_id() -> None:
    assert KNOWN.route("GET", "/v1/customers/") is None
    assert KNOWN.route("GET", "/v1/customers") is not None
    assert KNOWN.route("PUT", "/v1/customers") is None


@pytest.mark.parametrize(
    ("change", "deviation"),
    [
        ({"email": 5}, "customer.email: 5 is no string"),
        ({"emial": "a"}, "customer.emial: unknown field"),
        ({"tax_exempt": "maybe"}, "customer.tax_exempt: 'maybe' is none of exempt, none, reverse"),
        ({"livemode": None}, "customer.livemode: None is no boolean"),
        ({"metadata": {"a": 1}}, "customer.metadata[a]: 1 is no string"),
        ({"test_clock": {"object": "price"}}, "customer.test_clock: {'object': 'price'} is no test_helpers.test_clock"),
        ({"address": {"city": 1}}, "customer.address.city: 1 is no string"),
        ({"preferred_locales": ["en", 2]}, "customer.preferred_locales[1]: 2 is no string"),
    ],
)
def test_a_deviation_is_named_with_its_place(change: dict[str, object], deviation: str) -> None:
    customer = {**blank("customer"), "id": "cus_1", "created": 1, **change}
    assert check_shape(customer) == [deviation]


def test_a_missing_field_a_list_and_a_deleted_object_are_checked_too() -> None:
    customer = {**blank("customer"), "id": "cus_1", "created": 1}
    del customer["created"]
    assert check_shape(customer) == ["customer.created: missing"]
    page = {"object": "list", "url": "/v1/customers", "has_more": False, "data": [customer]}
    assert check_shape(page) == ["list.data[0]: customer.created: missing"]
    assert check_shape({"id": "cus_1", "object": "customer", "deleted": True}) == []
    assert check_shape({"id": "cus_1", "object": "customer", "deleted": True, "name": "x"}) != []
    assert check_shape({"object": "no_such_kind"}) == ["there is no kind of object named no_such_kind"]
