"""Meter events: `/v1/billing/meter_events`, by which the use of metered prices is reported."""

from decimal import Decimal, InvalidOperation

import orjson

from diddo_gateways.stripe_fake.billing.clocks import now_for
from diddo_gateways.stripe_fake.billing.metering import METER, USAGE
from diddo_gateways.stripe_fake.errors import InvalidRequest
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

KIND = "billing.meter_event"
MOST_METERS = 100


@operation("POST /v1/billing/meter_events")
async def create(call: Call) -> Answer:
    """Report use to the meter that listens to events of that name."""
    work, params = call.work, call.params
    meter = await _meter(work, params["event_name"])
    customer_id, value = _payload(meter, params["payload"])
    await work.fetch("customer", customer_id, param="payload", status=400)
    now = await now_for(work, customer_id)
    identifier = params.get("identifier") or work.new_id("", 32)
    if await work.get(USAGE, identifier) is not None:
        raise InvalidRequest(f"An event already exists with identifier {identifier}.", param="identifier")
    event = blank(KIND) | {
        "created": now,
        "event_name": params["event_name"],
        "identifier": identifier,
        "payload": params["payload"],
        "timestamp": params.get("timestamp", now),
    }
    use = {"id": identifier, "customer": customer_id, "value": value}
    work.insert({**use, "object": USAGE, "event_name": event["event_name"], "timestamp": event["timestamp"]})
    return event


async def _meter(work: Work, event_name: str) -> JsonObject:
    for document in await work.world.page(METER, limit=MOST_METERS):
        meter: JsonObject = orjson.loads(document.body)
        if meter["event_name"] == event_name and meter["status"] == "active":
            return meter
    raise InvalidRequest(
        f"No active meter found for event name: {event_name}. You must have an active meter for this event name to"
        " report meter events.",
        param="event_name",
    )


def _payload(meter: JsonObject, payload: JsonObject) -> tuple[str, str]:
    """Return the customer's id and the value that an event's payload holds."""
    customer_key = meter["customer_mapping"]["event_payload_key"]
    value_key = meter["value_settings"]["event_payload_key"]
    counts = meter["default_aggregation"]["formula"] == "count"
    for key in (customer_key, *(() if counts else (value_key,))):
        if key not in payload:
            raise InvalidRequest(f"Missing required payload key: {key}.", param=f"payload[{key}]")
    value = str(payload.get(value_key, "1"))
    try:
        Decimal(value)
    except InvalidOperation as error:
        raise InvalidRequest(f"Invalid value in the payload: {value}", param=f"payload[{value_key}]") from error
    return str(payload[customer_key]), value
