"""The catalogue: the stores that sell, their products and variants, read from a TOML file."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import product as combinations
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

__all__ = ["Catalogue", "CatalogueError", "Item", "ProductSeed", "ShippingSeed", "StoreSeed"]

PLAIN = "Default Title"
Text = Annotated[str, Field(min_length=1)]


class CatalogueError(Exception):
    """The catalogue file cannot be used: the message names the file, the place and the reason."""


class DuplicateVariant(ValueError):
    """Two products' variants would have one id."""


class _Seed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ShippingSeed(_Seed):
    """A shipping method: `prices` in minor units by destination (`US-CA`, `US` or `*`)."""

    id: Text
    label: Text
    prices: dict[str, Annotated[int, Field(ge=0)]]


class ProductSeed(_Seed):
    """A product: `price` in minor units; a variant is made for each combination of `options`."""

    slug: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: Text
    category: Text
    price: int = Field(gt=0)
    team: str = ""
    player: str = ""
    gender: str = "unisex"
    age: str = "adult"
    tags: list[str] = []
    options: dict[str, list[str]] = {}
    unavailable: list[str] = []
    description: str = ""

    @model_validator(mode="after")
    def _unavailable_variants_exist(self) -> "ProductSeed":
        known = {_slug(values) for values in combinations(*self.options.values())}
        if strangers := set(self.unavailable) - known:
            raise ValueError(f"unavailable names no variant: {', '.join(sorted(strangers))}")
        return self


class StoreSeed(_Seed):
    """A store: `taxes` and `margin` in basis points, taxes by destination (`US-CA`, `US` or `*`)."""

    domain: Text
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    brand: str
    margin: int = Field(ge=0, le=10_000)
    taxes: dict[str, Annotated[int, Field(ge=0, le=10_000)]]
    shipping: list[ShippingSeed]
    products: list[ProductSeed]


class _File(_Seed):
    stores: list[StoreSeed] = Field(min_length=1)

    @model_validator(mode="after")
    def _domains_differ(self) -> "_File":
        domains = [store.domain for store in self.stores]
        if twice := {domain for domain in domains if domains.count(domain) > 1}:
            raise ValueError(f"two stores are called {', '.join(sorted(twice))}")
        return self


@dataclass(frozen=True, slots=True)
class Item:
    """A variant with all that a cart needs to know of it: the product's and the variant's public fields."""

    store: StoreSeed
    product: Mapping[str, Any]
    variant: Mapping[str, Any]

    @property
    def price(self) -> int:
        """The price in minor units of the store's currency."""
        return int(self.variant["price"])

    @property
    def available(self) -> bool:
        """Whether it can be bought now."""
        return bool(self.variant["available"])


class Catalogue:
    """All stores, products and variants, in the order of the file.

    Products and variants have the fields of the Diddo API's product; prices are whole minor units.
    """

    def __init__(self, stores: Sequence[StoreSeed], *, images_url: str = "/images") -> None:
        self.stores = {store.domain: store for store in stores}
        self._images_url = images_url
        self.products: list[dict[str, Any]] = []
        self.items: dict[str, Item] = {}
        for store in stores:
            for seed in store.products:
                self._add(store, seed)

    @classmethod
    def load(cls, path: Path | None = None, *, images_url: str = "/images") -> "Catalogue":
        """Read a catalogue file, by default the one that comes with the sandbox.

        Args:
            path: the file.
            images_url: where pictures are served; a front end on another origin needs it whole.

        Raises:
            CatalogueError: the file is missing, is no TOML, or a value in it is wrong.
        """
        source = path or resources.files(__package__).joinpath("seed/catalogue.toml")
        try:
            return cls(
                _File.model_validate(tomllib.loads(source.read_text(encoding="utf-8"))).stores, images_url=images_url
            )
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, DuplicateVariant) as error:
            raise CatalogueError(f"{source}: {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise CatalogueError(f"{source}: {place}: {first['msg']}") from error

    def _add(self, store: StoreSeed, seed: ProductSeed) -> None:
        options = seed.options or {"Title": [PLAIN]}
        variants = [_variant(store, seed, values) for values in combinations(*options.values())]
        image = f"{self._images_url}/{seed.slug}.svg"
        product: dict[str, Any] = {
            "external_id": seed.slug,
            "title": seed.title,
            "description": seed.description or f"{seed.title}, by {store.brand}.",
            "brand": store.brand,
            "category": seed.category,
            "gender": seed.gender,
            "age": seed.age,
            "team": seed.team,
            "player": seed.player,
            "tags": seed.tags,
            "currency": store.currency,
            "price_min": seed.price,
            "price_max": seed.price,
            "price_varies": False,
            "available": any(variant["available"] for variant in variants),
            "featured_image": image,
            "images": [image],
            "url": f"https://{store.domain}/products/{seed.slug}",
            "option_names": list(options),
            "option_values": {name: _option_values(variants, name, options) for name in options},
            "variants": variants,
        }
        self.products.append(product)
        for variant in variants:
            if variant["external_id"] in self.items:
                raise DuplicateVariant(f"two variants are called {variant['external_id']}")
            self.items[variant["external_id"]] = Item(store, product, variant)

    def search(self, filters: Mapping[str, Sequence[str]]) -> Iterator[dict[str, Any]]:
        """Yield the products that meet every filter; a filter is met by any one of its values, ignoring case."""
        wanted = {name: {value.casefold() for value in values} for name, values in filters.items() if values}
        for product in self.products:
            if all(chosen & words(product, name) for name, chosen in wanted.items()):
                yield product


FILTERS = ("player", "team", "tags", "brand", "category", "gender", "age", "currency")


def words(product: Mapping[str, Any], name: str) -> set[str]:
    """Return what a filter compares of a product."""
    value = product[name]
    return {one.casefold() for one in (value if isinstance(value, list) else [value])}


def _slug(values: Sequence[str]) -> str:
    return "-".join(value.casefold().replace("/", "") for value in values)


def _variant(store: StoreSeed, seed: ProductSeed, values: Sequence[str]) -> dict[str, Any]:
    slug = _slug(values)
    return {
        "external_id": f"{seed.slug}-{slug}" if seed.options else seed.slug,
        "product_id": seed.slug,
        "title": " / ".join(values),
        "price": seed.price,
        "currency": store.currency,
        "available": slug not in seed.unavailable,
        "option_values": list(values),
    }


def _option_values(
    variants: Sequence[Mapping[str, Any]], name: str, options: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    position = list(options).index(name)
    return [
        {
            "value": value,
            "available": any(one["available"] for one in variants if one["option_values"][position] == value),
        }
        for value in options[name]
    ]
