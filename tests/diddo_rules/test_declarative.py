"""Rules as data, as their authors meet them: what they say, what they find, and what is wrong with a file."""

import json
import pickle
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diddo_rules import Cart, CheckSettings, Engine, Money, PluginLoadError, Settings, load_settings
from diddo_rules.cli import main
from diddo_rules.declarative import broken_promises, load_rules, rules_schema
from diddo_rules.declarative.examples import merged
from diddo_rules.declarative.logic import LogicFault, compiled
from diddo_rules.settings import RulesSettings
from diddo_rules.testing import carts_with, gen_cart, replayed, valid_carts
from diddo_rules.testing.limits import limits_of
from diddo_rules.tracking import tracked

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas" / "rules.schema.json"

PIECES = """
[[rules]]
code = "TOO_MANY_PIECES"
http_status = 422
why = "Large orders are taken by the sales team."
message = "Line {line_number} of store {store_number} has {pieces} pieces."
remedy = "Order at most 50 pieces at once."
for_each = "stores.cart_lines"
at = "/quantity"
when = { ">" = [{ var = "line.quantity" }, 1000000] }
facts = { pieces = { var = "line.quantity" } }
measure = "pieces"
priority = 450

[rules.cleared_by]
method = "POST"
path = "/cart/update"
why = "Changes the quantity."

[rules.translations.de]
message = "Position {line_number} von Shop {store_number} hat {pieces} Stück."
remedy = "Bestellen Sie weniger."

[rules.examples]
valid = [{ quantity = 1000000 }]
violating = [{ quantity = 1000001 }, { quantity = 9000000 }]
"""

TOTAL = """
[[rules]]
code = "LARGE_TOTAL"
http_status = 422
why = "Large orders are taken by the sales team."
message = "The total of {total} is too much."
remedy = "Order less."
severity = "warning"
at = "/cost/total"
when = { ">" = [{ var = "cart.cost.total.value" }, 1000] }
facts = { total = { var = "cart.cost.total" } }
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str = PIECES + TOTAL, name: str = "rules.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture
def engine(write: Callable[..., Path]) -> Engine:
    return Engine([load_rules(write())])


def rule(**changes: Any) -> str:
    """Return a file with one rule, as JSON."""
    said = {"code": "FOUND", "http_status": 400, "why": "A test.", "message": "It.", "remedy": "None.", "when": True}
    return json.dumps({"rules": [{**said, **changes}]})


def cart_of(*stores: list[int], total: int | None = None) -> Cart:
    cost = None if total is None else {"total": {"value": total, "currency": "USD"}}
    lines = [[{"quantity": quantity} for quantity in quantities] for quantities in stores]
    return Cart.model_validate({"id": "1", "cost": cost, "stores": [{"cart_lines": it} for it in lines]})


def test_a_rule_is_a_check_with_its_place_facts_and_languages(engine: Engine) -> None:
    report = engine.validate(cart_of([1, 2_000_000], [3_000_000], total=1001))
    first, second = report.violations
    assert (first.code, first.http_status, first.at) == ("TOO_MANY_PIECES", 422, "/stores/0/cart_lines/1/quantity")
    assert first.message == "Line 2 of store 1 has 2000000 pieces."
    assert second.message_in("de-CH") == "Position 1 von Shop 2 hat 3000000 Stück."
    assert second.facts == {"pieces": 3_000_000, "store_number": 2, "line_number": 1}
    (warning,) = report.warnings
    assert warning.message == "The total of $10.01 is too much."
    assert warning.facts == {"total": Money(value=1001, currency="USD")}


def test_nothing_is_found_in_an_ordinary_cart(engine: Engine) -> None:
    assert engine.validate(cart_of([1, 1_000_000], [], total=1000)).warnings == ()
    assert engine.validate(cart_of()).ok
    assert engine.validate(None).ok


def test_a_trace_leads_to_the_file_of_rules(engine: Engine, tmp_path: Path) -> None:
    entries = {entry.check: entry for entry in engine.trace(cart_of([1], total=1)).trace or ()}
    pieces, total = entries["rules:too_many_pieces"], entries["rules:large_total"]
    assert (pieces.file, pieces.line) == (str(tmp_path / "rules.toml"), 2)
    assert (total.line, total.reads) == (28, ("cost.total",))


def test_what_a_rule_reads_is_learnt_from_its_expressions(engine: Engine) -> None:
    reads = {step.name: step.info.reads for step in engine.plan.steps}
    assert reads == {
        "rules:too_many_pieces": ("stores.cart_lines.quantity",),
        "rules:large_total": ("cost.total",),
    }
    before = cart_of([1], total=1)
    after = cart_of([2_000_000], total=5000)
    report = engine.revalidate(engine.validate(before), after, changed=["cost"])
    assert (report.codes, len(report.warnings)) == ((), 1)


def test_a_change_is_judged_by_the_measure(engine: Engine) -> None:
    bad, worse = cart_of([2_000_000]), cart_of([3_000_000])
    assert engine.validate_change(worse, bad).ok
    assert engine.validate_change(bad, worse).codes == ("TOO_MANY_PIECES",)


def test_the_next_step_is_the_rules_own(engine: Engine) -> None:
    call = engine.next_step(engine.validate(cart_of([2_000_000])))
    assert call is not None
    assert (call.method, call.path) == ("POST", "/cart/update")


def test_settings_hold_for_rules_as_for_any_check(write: Callable[..., Path]) -> None:
    checks = {
        "rules": CheckSettings(mode="shadow"),
        "rules:large_total": CheckSettings(mode="enforce", severity="error"),
    }
    engine = Engine([load_rules(write())], checks=checks)
    report = engine.validate(cart_of([2_000_000], total=5000))
    assert report.codes == ("LARGE_TOTAL",)
    assert report.shadow is not None
    assert report.shadow.codes == ("TOO_MANY_PIECES",)


@pytest.mark.parametrize("name", ["extra.toml", "extra.json"])
def test_settings_load_files_of_rules(write: Callable[..., Path], tmp_path: Path, name: str) -> None:
    write(json.dumps(tomllib.loads(PIECES)) if name.endswith("json") else PIECES, name)
    write(f'[rules]\nload = ["./{name}"]', "diddo.toml")
    engine = Engine.from_settings(load_settings(tmp_path, {}), installed=())
    (plugin,) = engine.plugins
    assert (plugin.name, plugin.source) == ("extra", f"./{name}")
    assert engine.validate(cart_of([2_000_000])).codes == ("TOO_MANY_PIECES",)


def test_lines_of_json_are_found_too(write: Callable[..., Path]) -> None:
    path = write(json.dumps(tomllib.loads(PIECES + TOTAL), indent=1), "rules.json")
    lines = path.read_text("utf-8").splitlines()
    for entry in Engine([load_rules(path)]).trace(cart_of()).trace or ():
        code = entry.check.partition(":")[2].upper()
        assert code in lines[entry.line]  # the line below that on which the rule begins


def test_violations_can_be_pickled(engine: Engine) -> None:
    (violation,) = engine.validate(cart_of([2_000_000])).violations
    assert pickle.loads(pickle.dumps(violation)) == violation  # noqa: S301 (our own)


@given(st.data())
def test_violating_examples_break_carts_as_mutators(first_party_and_rules: Engine, data: st.DataObject) -> None:
    violation = first_party_and_rules.violations["TOO_MANY_PIECES"]
    cart, context = data.draw(carts_with(violation, engine=first_party_and_rules))
    assert first_party_and_rules.validate(cart, context).codes == ("TOO_MANY_PIECES",)


@pytest.fixture(scope="module")
def first_party_and_rules(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    path = tmp_path_factory.mktemp("rules") / "pieces.toml"
    path.write_text(PIECES, "utf-8")
    return Engine.from_settings(Settings(rules=RulesSettings(load=(str(path),))))


LOGIC: list[tuple[Any, tuple[str, ...]]] = [
    ({"===": [{"var": "cart.status"}, "SUBMITTED"]}, ("status",)),
    ({"!": [{"var": "cart.cost"}]}, ("cost",)),
    ({"===": [{"var": "cart.cost.total.value"}, {"var": "cart.cost.tax.display_value"}]}, ("cost.tax", "cost.total")),
    ({"some": [{"var": "cart.stores"}, {"===": [{"var": "store"}, "a"]}]}, ("stores.store",)),
    ({"!": [{"map": [{"var": "cart.stores"}, 1]}]}, ("stores",)),
    (
        {"all": [{"var": "cart.stores"}, {"none": [{"var": "cart_lines"}, {">": [{"var": "quantity"}, 1]}]}]},
        ("stores.cart_lines.quantity",),
    ),
    (
        {
            "reduce": [
                {"var": "cart.stores"},
                {"+": [{"var": "current.offer.subtotal.value"}, {"var": "accumulator"}]},
                0,
            ]
        },
        ("stores.offer.subtotal",),
    ),
    (
        {"some": [{"filter": [{"var": "cart.stores"}, {"var": "is_submitted"}]}, {"var": "request_id"}]},
        ("stores.is_submitted", "stores.request_id"),
    ),
    ({"!": [{"filter": [{"var": "cart.stores"}, {"var": "is_submitted"}]}]}, ("stores",)),
    (
        {"some": [{"map": [{"var": "cart.stores"}, {"var": "store"}]}, {"in": ["x", {"var": ""}]}]},
        ("stores.store",),
    ),
    ({"===": [{"var": "cart.stores.0.cart_lines.0.quantity"}, 1]}, ("stores.cart_lines.quantity",)),
    ({"and": [{"var": "cart.cost.total.value"}, {"var": "cart.cost"}]}, ("cost",)),
    ({"and": [{"var": "cart.cost"}, {"var": "cart.cost.total.value"}]}, ("cost",)),
    ({"in": ["a", {"var": "cart.buyer_identity.email"}]}, ("buyer_identity.email",)),
    ({"some": [["a", "b"], {"===": [{"var": ""}, "c"]}]}, ()),
]


@pytest.mark.parametrize(("logic", "reads"), LOGIC)
def test_reads_are_all_that_is_read(write: Callable[..., Path], logic: Any, reads: tuple[str, ...]) -> None:
    engine = Engine([load_rules(write(rule(when=logic), "rules.json"))])
    (step,) = engine.plan.steps
    assert step.info.reads == reads

    @given(valid_carts())
    def holds(cart: Cart) -> None:
        proxy, seen = tracked(cart)
        list(step.function(proxy))
        assert seen.beyond(reads) == ()

    holds()


@pytest.mark.parametrize(
    ("for_each", "when", "reads", "pointers"),
    [
        ("stores", {"===": [{"var": "store_number"}, 2]}, ("stores",), ["/stores/1"]),
        ("stores", {"===": [{"var": "cart.id"}, "1"]}, ("id", "stores"), ["/stores/0", "/stores/1"]),
        ("stores.cart_lines", {"===": [{"var": "line_number"}, 2]}, ("stores.cart_lines",), ["/stores/0/cart_lines/1"]),
        (
            "stores.cart_lines",
            {"and": [{"!": [{"var": "store.store"}]}, {"var": "line.quantity"}, {"!": [{"var": "cart.cost"}]}]},
            ("cost", "stores.cart_lines.quantity", "stores.store"),
            ["/stores/0/cart_lines/0", "/stores/0/cart_lines/1", "/stores/1/cart_lines/0"],
        ),
    ],
)
def test_a_rule_looks_at_each_store_or_line(
    write: Callable[..., Path], for_each: str, when: Any, reads: tuple[str, ...], pointers: list[str]
) -> None:
    engine = Engine([load_rules(write(rule(for_each=for_each, when=when), "rules.json"))])
    assert engine.plan.steps[0].info.reads == reads
    report = engine.validate(cart_of([1, 2], [3]))
    assert [violation.at for violation in report.violations] == pointers


@pytest.mark.parametrize(
    ("cart", "at", "pointer"),
    [
        ({"id": "1"}, "/cost/total", "/cost"),
        ({"id": "1", "cost": {}}, "/cost/total", "/cost/total"),
        ({"id": "1", "cost": {"total": None}}, "/cost/total/value", "/cost/total"),
        ({"id": "1"}, "/stores/0/store", "/stores/0"),
        ({"id": "1", "stores": [{}]}, "/stores/0/store", "/stores/0/store"),
        ({"id": "1"}, "", ""),
    ],
)
def test_a_finding_points_at_a_place_that_is_there(
    write: Callable[..., Path], cart: Any, at: str, pointer: str
) -> None:
    engine = Engine([load_rules(write(rule(at=at), "rules.json"))])
    (violation,) = engine.validate(Cart.model_validate(cart)).violations
    assert violation.at == pointer


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({">": [{"var": "cart.id"}, 1]}, "NaN"),
        ({">": [{"/": [1, {"var": "cart.cost.total.value"}]}, 1]}, "NaN"),
        ({"max": [{"var": "cart.id"}, 1]}, "Invalid"),
    ],
)
def test_an_expression_that_fails_is_a_crash_and_not_a_verdict(
    write: Callable[..., Path], when: Any, message: str
) -> None:
    engine = Engine([load_rules(write(rule(when=when), "rules.json"))])
    report = engine.validate(Cart(id="no number"))
    assert not report.ok
    assert message in report.crashed[0].message


def test_what_the_evaluator_itself_refuses_is_refused() -> None:
    with pytest.raises(LogicFault, match=r"takes at least 1 argument, not 0 \(at /!/0\)"):
        compiled({"!": [{"max": []}]})


def test_the_kit_tries_the_numbers_of_a_rule(engine: Engine) -> None:
    assert {1000, 1_000_000} <= set(limits_of(engine.plan.steps))


def test_a_fact_that_is_a_record_is_a_crash(write: Callable[..., Path]) -> None:
    text = rule(message="It: {it}.", facts={"it": {"var": "cart.cost"}})
    report = Engine([load_rules(write(text, "rules.json"))]).validate(cart_of(total=1))
    assert "the fact it is a record" in report.crashed[0].message


def test_a_fact_may_be_written_out(write: Callable[..., Path]) -> None:
    text = rule(message="At most {most}, {word}.", facts={"most": 3, "word": "12"})
    report = Engine([load_rules(write(text, "rules.json"))]).validate(cart_of())
    assert report.violations[0].message == "At most 3, 12."
    assert report.violations[0].facts == {"most": 3, "word": "12"}


def test_a_list_of_facts_is_told(write: Callable[..., Path]) -> None:
    facts = {"domains": {"map": [{"var": "cart.stores"}, {"var": "store"}]}}
    report = Engine([load_rules(write(rule(facts=facts), "rules.json"))]).validate(cart_of([1], [2]))
    assert report.violations[0].facts == {"domains": ("", "")}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "http_status = 422\nhttp_statu = 1",
            "rules.toml:5: TOO_MANY_PIECES: http_statu: there is no such key. Did you mean http_status?",
        ),
        (
            "http_status = 99",
            "rules.toml:4: TOO_MANY_PIECES: http_status: Input should be greater than or equal to 400.",
        ),
    ],
)
def test_a_wrong_key_is_named_with_its_line(write: Callable[..., Path], change: str, said: str) -> None:
    with pytest.raises(PluginLoadError) as refused:
        load_rules(write(PIECES.replace("http_status = 422", change)))
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"when": {"==": [1, 1]}}, "rules.json:9: FOUND: when: rules have no operator ==. Use ===."),
        ({"when": {"mapp": [1, 1]}}, "Did you mean map?"),
        ({"when": {"===": [1]}}, "=== takes 2 arguments, not 1"),
        ({"when": {"!": [{"var": "cart.cost.totl"}]}}, "there is no cart.cost.totl. Did you mean total? (at /!/0/var)"),
        ({"when": {"var": "cart.cost.total.valu"}}, "Did you mean value?"),
        ({"when": {"var": "cart"}}, "cannot read the cart as a whole"),
        ({"when": {"var": ""}}, "there is no ''"),
        ({"when": {"var": "line.quantity"}}, "it has to begin with cart"),
        ({"when": {"var": ["cart.id", "x"]}}, "var takes 1 arguments, not 2"),
        ({"when": {"var": {"if": [1, "cart.id"]}}}, "var takes one name"),
        ({"when": {"all": [{"var": "cart.stores"}, {"var": "cart.id"}]}}, "there is no cart.stores.cart"),
        ({"when": {"reduce": [{"var": "cart.stores"}, {"var": "store"}, 0]}}, "there are current and accumulator"),
        ({"when": {"reduce": [{"var": "cart.stores"}, 1]}}, "reduce takes 3 arguments, not 2"),
        ({"when": {"some": [{"var": "cart.id"}, 1]}}, "cart.id is no list"),
        ({"when": {"some": [{"if": [1, []]}, 1]}}, "what is gone through has to be a list"),
        ({"when": {"map": {"var": "cart.stores"}}}, "map takes 2 arguments, not 1"),
        ({"when": {"<": [1, 2, 3, 4]}}, "< takes at most 3 arguments, not 4"),
        ({"when": {"<": [1]}}, "< takes at least 2 arguments, not 1"),
        ({"when": {"and": []}}, "and takes at least 1 arguments, not 0"),
        ({"when": {"!": 1, "!!": 2}}, "an operation has one operator, and here are 2: !, !!"),
        ({"when": {}}, "here are 0"),
        ({"facts": {"x": {"var": "cart.x"}}}, "FOUND: facts.x: there is no cart.x"),
        ({"facts": {"message": 1}}, "a fact cannot be called so"),
        ({"facts": {"a b": 1}}, "a fact cannot be called so"),
        ({"facts": {"from": 1}}, "a fact cannot be called so"),
        ({"facts": {"line_number": 1}}, "a fact cannot be called so"),
        ({"message": "Is {that}."}, "names that, which is no fact of it"),
        ({"message": "{x!r}", "facts": {"x": 1}}, "only be the name of a fact"),
        ({"message": "{x:>3}", "facts": {"x": 1}}, "only be the name of a fact"),
        ({"message": "{x.value}", "facts": {"x": 1}}, "only be the name of a fact"),
        ({"message": "}"}, "Single '}'"),
        ({"translations": {"de": {"message": "{y}", "remedy": "z"}}}, "translations['de'] names y"),
        ({"translations": {"de": {"mesage": "{y}", "remedy": "z"}}}, "Did you mean message?"),
        ({"at": "/cost/totl"}, "a cart has no /cost/totl"),
        ({"for_each": "stores", "at": "/offer/margin/x"}, "a store has no /offer/margin/x"),
        ({"for_each": "lines"}, "for_each: Input should be 'stores' or 'stores.cart_lines'"),
        ({"measure": "size"}, "measure is 'size'"),
        ({"code": "lower"}, "should match pattern"),
        ({"examples": {"valide": []}}, "Did you mean valid?"),
        ({"cleared_by": {"method": "POST", "path": "/", "wy": ""}}, "Did you mean why?"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_loaded(write: Callable[..., Path], changes: Any, said: str) -> None:
    text = json.dumps(json.loads(rule(**changes)), indent=1)
    with pytest.raises(PluginLoadError) as refused:
        load_rules(write(text, "rules.json"))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("[[rules]", "rules.toml", "line 1"),
        ('{"rules": [}', "rules.json", "line 1 column 12"),
        ('{"rules": []}', "rules.json", "rules.json: there is no rule in it"),
        ('{"rules": [1]}', "rules.json", "rules: Input should be"),
        ('{"rulez": []}', "rules.json", "rulez: there is no such key. Did you mean rules?"),
        (PIECES + PIECES, "rules.toml", "rules.toml:29: TOO_MANY_PIECES: code: another rule of the file has this code"),
        ("rules = [{ code = 1 }]", "rules.toml", "rules.toml:1: 1: code: Input should be a valid string."),
    ],
)
def test_a_file_that_is_no_file_of_rules(write: Callable[..., Path], text: str, name: str, said: str) -> None:
    with pytest.raises(PluginLoadError) as refused:
        load_rules(write(text, name))
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginLoadError, match=r"plugin gone \(./gone.toml\): PluginLoadError: gone.toml: "):
        Engine.from_settings(Settings(rules=RulesSettings(load=("./gone.toml",)), directory=tmp_path), installed=())


def test_examples_are_held_to_what_they_promise(write: Callable[..., Path]) -> None:
    assert list(broken_promises(write(PIECES))) == []
    swapped = PIECES.replace("valid = [{ quantity = 1000000 }]", "valid = [{ quantity = 1000001 }]").replace(
        "violating = [{ quantity = 1000001 }", "violating = [{ quantity = 1 }"
    )
    assert list(broken_promises(write(swapped))) == [
        "rules.toml:25: TOO_MANY_PIECES: examples.valid: example 1 should give nothing, and gives TOO_MANY_PIECES",
        "rules.toml:26: TOO_MANY_PIECES: examples.violating: example 1 should give TOO_MANY_PIECES, and gives nothing",
    ]


def test_examples_may_be_of_a_warning(write: Callable[..., Path]) -> None:
    example = "[rules.examples]\nvalid = [{ cost = { total = { value = 1 } } }]\nviolating = [{ cost = { total = { value = 5000 } } }]"
    assert list(broken_promises(write(TOTAL + example))) == []


def test_a_code_may_be_called_as_a_hook_is(write: Callable[..., Path]) -> None:
    path = write(PIECES.replace("TOO_MANY_PIECES", "MUTATORS"))
    engine = Engine([load_rules(path)])
    assert engine.validate(cart_of([2_000_000])).codes == ("MUTATORS",)
    assert [violation.code for violation in engine.mutators()] == ["MUTATORS"]


def test_snippets_are_merged_onto_each_member_of_a_list() -> None:
    cart = gen_cart(replayed([0, 2, 0])).model_dump(mode="json")
    changed = Cart.model_validate(
        merged(cart, {"stores": {"cart_lines": {"quantity": 7}, "offer": None}, "cost": {"tax": None}})
    )
    assert [line.quantity for store in changed.stores for line in store.cart_lines] == [7, 7]
    assert all(store.offer is None for store in changed.stores)
    assert changed.cost is not None
    assert (changed.cost.tax, changed.cost.total is None) == (None, False)


def test_the_published_schema_is_that_of_the_code() -> None:
    said = json.loads(PUBLISHED.read_text("utf-8"))
    assert said == rules_schema(), "renew it: diddo rules schema > docs/schemas/rules.schema.json"
    jsonschema.Draft202012Validator.check_schema(said)
    jsonschema.validate(tomllib.loads(PIECES + TOTAL), said)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(it) for it in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_command_holds_rules_to_their_examples(run: Callable[..., Any], write: Callable[..., Path]) -> None:
    assert run("rules", "test", write()) == (0, "Every example gives what it promises.\n", "")
    broken = write(PIECES.replace("quantity = 1000001", "quantity = 1"), "broken.toml")
    code, out, _ = run("rules", "test", write(), broken)
    assert (code, out.partition(":")[0]) == (1, "broken.toml")
    code, out, _ = run("rules", "test", broken, "--json")
    assert (code, json.loads(out)["ok"], len(json.loads(out)["broken"])) == (1, False, 1)
    code, _, err = run("rules", "test", write("rules = 1"))
    assert code == 3
    assert "rules.toml: rules: " in err


def test_the_command_exports_what_can_be_loaded(run: Callable[..., Any], write: Callable[..., Path]) -> None:
    code, out, _ = run("rules", "export", write())
    assert (code, json.loads(out)) == (0, tomllib.loads(PIECES + TOTAL))
    assert run("rules", "export", write(PIECES.replace(">", "==")))[0] == 3


def test_the_command_prints_the_schema(run: Callable[..., Any]) -> None:
    assert json.loads(run("rules", "schema")[1]) == rules_schema()


def test_without_the_evaluator_the_extra_is_named(write: Callable[..., Path]) -> None:
    program = (
        "import sys; sys.modules['datalogic_py'] = None\n"
        "from diddo_rules.cli import main\n"
        f"sys.exit(main(['rules', 'list', '--load', {str(write())!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 3
    assert "plugin rules (" in done.stderr
    assert "pip install 'diddo-rules[declarative]'" in done.stderr
