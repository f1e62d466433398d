"""The data of the generic tier, held against the catalogue: each word of it is one of Stripe's."""

from typing import Any

import pytest

from diddo_gateways.stripe_fake import catalogue
from diddo_gateways.stripe_fake.generic.tier import tier
from diddo_gateways.stripe_fake.generic.values import data

KNOWN = catalogue.load()
VALUES = data("values.json")


def node_at(kind: str, path: str) -> Any:
    """Return the type at a dotted path of a kind; a step into the elements of a list is one of their fields."""
    node: Any = {"fields": KNOWN.fields(kind)}
    for step in path.split("."):
        node = KNOWN.resolve(node)
        if isinstance(node, dict) and "page" in node and step == "data":
            node = node["page"]
            continue
        if isinstance(node, str) and node.startswith("@"):
            node = {"fields": KNOWN.fields(node[1:])}
        node = node["fields"][step] if isinstance(node, dict) and "fields" in node else {"map": "any"}
    return KNOWN.resolve(node)


@pytest.mark.parametrize("kind", [kind for kind in VALUES if kind not in ("*", "preferred")])
def test_first_values_are_of_fields_and_suit_them(kind: str) -> None:
    for path, value in VALUES[kind].items():
        node = node_at(kind, path)
        assert not isinstance(node, dict) or value in node.get("enum", [value]), path


def test_every_kind_with_an_id_has_a_beginning_for_it_or_a_name() -> None:
    named = {"capability", "country_spec", "exchange_rate", "reporting.report_type"}
    with_ids = {kind for kind in KNOWN.resources if "id" in KNOWN.fields(kind)}
    assert set(data("prefixes.json")) == with_ids - named


def test_actions_are_verbs_of_the_catalogue_and_set_what_some_kind_has() -> None:
    acting = [pattern for pattern in tier().patterns.values() if pattern.does == "action"]
    for name, rule in data("actions.json").items():
        kind, _, verb = name.rpartition(" ")
        kinds = {kind} if kind else {pattern.kinds[0] for pattern in acting if pattern.verb == verb}
        assert kinds, f"nobody does {verb}"
        for path in rule.get("set", {}):
            assert any(path.partition(".")[0] in KNOWN.fields(kind) for kind in kinds), (name, path)


def test_filters_lead_to_fields() -> None:
    facts = data("filters.json")
    for name, target in facts["aliases"].items():
        kind = next(
            kind for kind in KNOWN.resources if name.startswith(kind + ".") and "." not in name[len(kind) + 1 :]
        )
        assert target is None or node_at(kind, target.partition(" ")[0]) is not None
    for kind, fields in facts["searchable"].items():
        for field in fields:
            assert node_at(kind, facts["aliases"].get(f"{kind}.{field}") or field) is not None
