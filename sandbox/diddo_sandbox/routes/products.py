"""`/products`: the catalogue."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from diddo_sandbox.answers import ERROR_RESPONSES, json_response
from diddo_sandbox.bodies import ProductQuery, ProductSearch
from diddo_sandbox.catalogue import FILTERS, Catalogue
from diddo_sandbox.pictures import picture
from diddo_sandbox.services import CurrentCaller, ServicesOf
from diddo_sandbox.shapes import ProductList

__all__ = ["pictures", "router"]

router = APIRouter(prefix="/products", tags=["Products"], responses=ERROR_RESPONSES | {200: {"model": ProductList}})
pictures = APIRouter(include_in_schema=False)


@router.get("")
async def list_products(caller: CurrentCaller, query: Annotated[ProductQuery, Query()]) -> Response:
    """List products; a filter that is given several times is met by any of its values."""
    return _listed(caller.services.catalogue, query)


@router.post("")
async def search_products(caller: CurrentCaller, body: ProductSearch | None = None) -> Response:
    """List products as `GET /products` does, with the filters in the body."""
    return _listed(caller.services.catalogue, body or ProductSearch())


@pictures.get("/images/{slug}.svg")
async def product_picture(slug: str, services: ServicesOf) -> Response:
    """Draw a product's picture: nothing is fetched from anywhere."""
    return Response(picture(slug, services.catalogue), media_type="image/svg+xml")


def _listed(catalogue: Catalogue, query: ProductQuery | ProductSearch) -> Response:
    found = list(catalogue.search({name: getattr(query, name) for name in FILTERS}))
    pagination = {"total": len(found), "limit": query.limit, "offset": query.offset}
    return json_response({"products": found[query.offset : query.offset + query.limit], "pagination": pagination})
