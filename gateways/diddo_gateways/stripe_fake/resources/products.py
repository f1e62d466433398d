"""Products: `/v1/products`.

Events: `product.created`, `product.updated`, `product.deleted`.
"""

from typing import Any

from diddo_gateways.stripe_fake.changes import overwrite
from diddo_gateways.stripe_fake.errors import InvalidRequest, ParameterRefused
from diddo_gateways.stripe_fake.kinds import filtered_by
from diddo_gateways.stripe_fake.limits import at_most_long
from diddo_gateways.stripe_fake.lists import listed
from diddo_gateways.stripe_fake.operations import Answer, Call, operation
from diddo_gateways.stripe_fake.resources import prices
from diddo_gateways.stripe_fake.shapes import blank
from diddo_gateways.stripe_fake.work import JsonObject, Work

KIND = "product"
# How many of them a product can have, and how many characters.
MOST = {"images": 8, "marketing_features": 15}
LONGEST = {"statement_descriptor": 22, "unit_label": 12}
PLAIN = (
    "active",
    "description",
    "name",
    "package_dimensions",
    "shippable",
    "statement_descriptor",
    "tax_code",
    "unit_label",
    "url",
    "metadata",
)

filtered_by(KIND, "active", "id", "shippable", "type", "url")


@operation("POST /v1/products")
async def create(call: Call) -> Answer:
    """Make a product, with its default price if `default_price_data` asks for one."""
    work, params = call.work, call.params
    given = params.get("id")
    if given is not None and await work.get(KIND, given) is not None:
        raise InvalidRequest("Product already exists.", code="resource_already_exists", param="id")
    product = new(work, params, product_id=given)
    if "default_price_data" in params:
        data = params["default_price_data"]
        price = prices.new(work, {**data, "product": product["id"]}, param="default_price_data")
        product["default_price"] = price["id"]
        work.insert(price)
        work.emit("product.created", product)
        prices.tell(work, price, "created")
    else:
        work.emit("product.created", product)
    return product


def new(work: Work, params: JsonObject, *, product_id: str | None = None) -> JsonObject:
    """Make a product and put it into the work; its event is the caller's to emit."""
    product = blank(KIND)
    product |= {
        "id": product_id or work.new_id("prod_", 14),
        "active": True,
        "attributes": [],
        "created": work.now,
        "type": "service",
        "updated": work.now,
    }
    _write(product, params)
    work.insert(product)
    return product


@operation("GET /v1/products/{id}")
async def retrieve(call: Call) -> Answer:
    """Return a product."""
    return await call.work.stored(KIND, call.path["id"])


@operation("POST /v1/products/{id}")
async def update(call: Call) -> Answer:
    """Change a product."""
    work, params = call.work, call.params
    product = await work.fetch(KIND, call.path["id"])
    if "default_price" in params:
        price = await work.fetch("price", params["default_price"], param="default_price", status=400)
        if price["product"] != product["id"]:
            raise InvalidRequest(
                f"The price specified, {price['id']}, does not belong to this product.", param="default_price"
            )
    before = _write(product, params)
    if before:
        before["updated"], product["updated"] = product["updated"], work.now
        work.emit("product.updated", product, before)
    work.save(product)
    return product


@operation("DELETE /v1/products/{id}")
async def delete(call: Call) -> Answer:
    """Delete a product that no price refers to."""
    work = call.work
    product = await work.fetch(KIND, call.path["id"])
    if await work.world.page("price", limit=1, terms=[[f"product={product['id']}"]]):
        raise InvalidRequest("This product cannot be deleted because it has one or more user-created prices.")
    product["active"] = False
    work.emit("product.deleted", product)
    work.remove(product)
    return {"id": product["id"], "object": KIND, "deleted": True}


@operation("GET /v1/products")
async def list_(call: Call) -> Answer:
    """List products; `ids` picks some."""
    ids = call.params.get("ids")
    if ids is None:
        return await listed(call, KIND)
    return await listed(call, KIND, terms=[[f"id={product_id}" for product_id in ids]])


def _write(product: JsonObject, params: dict[str, Any]) -> JsonObject:
    """Write a request's parameters over a product and return the former values of what changed."""
    if params.get("type", "service") not in ("good", "service"):
        raise ParameterRefused("Invalid type: must be one of good or service", param="type")
    for field, most in LONGEST.items():
        if field in params:
            at_most_long(params[field], most, field)
    before = overwrite(product, params, PLAIN)
    values: dict[str, Any] = {field: params[field] or [] for field in MOST if field in params}
    for field, items in values.items():
        if len(items) > MOST[field]:
            raise InvalidRequest(f"A product can have at most {MOST[field]} {field.replace('_', ' ')}.", param=field)
    values |= {field: params[field] for field in ("default_price", "type") if field in params}
    if "tax_details" in params:
        values["tax_details"] = _tax_details(params["tax_details"])
    return before | overwrite(product, values, values)


def _tax_details(given: JsonObject | str) -> JsonObject | None:
    if not isinstance(given, dict):
        return None
    return {field: given.get(field) or None for field in ("performance_location", "tax_code")}
