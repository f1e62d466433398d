"""The examples that a rule brings: snippets merged onto valid carts, of which the rule has to say what they promise."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diddo_rules.cart import Cart
from diddo_rules.context import Case, Context, Mutator, Pick
from diddo_rules.declarative.document import RuleDocument, RuleFile

if TYPE_CHECKING:
    from diddo_rules.engine import Engine

__all__ = ["broken_promises", "merged", "mutator_of"]


def merged(target: Any, patch: Any) -> Any:
    """Return JSON with a snippet merged onto it, by RFC 7396; one for a list holds for each of its members."""
    if not isinstance(patch, dict):
        return patch
    if isinstance(target, list):
        return [merged(item, patch) for item in target]
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def mutator_of(rule: RuleDocument) -> Mutator:
    """Return what breaks a valid cart by one of the rule's violating examples, at a place that is picked."""

    def mutate(cart: Cart, context: Context, pick: Pick) -> Case:
        snippet = rule.examples.violating[pick(len(rule.examples.violating))]
        broken = _with_example(rule, cart, snippet, pick)
        return Case(broken, _knowing_variants_of(broken, context))

    return mutate


def _knowing_variants_of(cart: Cart, context: Context) -> Context:
    """Return the context with a catalogue that also has what an example brings."""
    known = context.variant_known
    if known is None:
        return context
    brought = {line.variant.id for store in cart.stores for line in store.cart_lines if line.variant}
    return replace(context, variant_known=lambda variant_id: variant_id in brought or known(variant_id))


def broken_promises(path: Path) -> Iterator[str]:
    """Yield, for each example of a file of rules that its rule does not judge as it should, what is wrong with it.

    Each is merged onto several valid carts. What other rules say of them does not matter.

    Raises:
        PluginLoadError: the file is no right file of rules.
    """
    from diddo_rules.declarative.rules import load_rules  # noqa: PLC0415 (it needs this module)
    from diddo_rules.engine import Engine  # noqa: PLC0415 (only the tests of examples judge carts)

    engine = Engine([load_rules(path)])
    file = RuleFile(path.resolve())
    for index, rule in enumerate(file.rules):
        for kind, wanted in (("valid", "nothing"), ("violating", rule.code)):
            for number, snippet in enumerate(getattr(rule.examples, kind), 1):
                given = {_verdict(rule, _with_example(rule, cart, snippet, _first), engine) for cart in _valid_carts()}
                if given != {wanted}:
                    said = ", ".join(sorted(given - {wanted}))
                    problem = f"example {number} should give {wanted}, and gives {said}"
                    yield str(file.fault(index, f"examples.{kind}", problem))


def _verdict(rule: RuleDocument, cart: Cart, engine: "Engine") -> str:
    """Return the rule's code if it finds something, `nothing` if not, or how it broke."""
    report = engine.validate(cart)
    broken = [crash.message for crash in report.crashed if crash.check.endswith(f":{rule.code.lower()}")]
    if broken:
        return broken[0]
    found = {violation.code for violations in report.findings.values() for violation in violations}
    return rule.code if rule.code in found else "nothing"


def _valid_carts() -> Iterator[Cart]:
    from diddo_rules.testing import gen_cart, replayed  # noqa: PLC0415 (only the tests of examples make carts)

    for choices in ([], [0, 2, 0], [5, 3, 1, 4]):
        yield gen_cart(replayed(choices))


def _first(_count: int) -> int:
    return 0


def _with_example(rule: RuleDocument, cart: Cart, snippet: dict[str, Any], pick: Pick) -> Cart:
    whole = cart.model_dump(mode="json")
    if rule.for_each is None:
        return Cart.model_validate(merged(whole, snippet))
    stores = whole["stores"]
    position = pick(len(stores))
    if rule.for_each == "stores":
        stores[position] = merged(stores[position], snippet)
    else:
        lines = stores[position]["cart_lines"]
        line = pick(len(lines))
        lines[line] = merged(lines[line], snippet)
    return Cart.model_validate(whole)
