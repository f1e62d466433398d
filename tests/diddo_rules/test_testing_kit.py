# ruff: noqa: ARG001, S311, S603 (seeds are no secrets; checks have the signature of their hook; the programs that are started are our own)
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from diddo_rules import Cart, Case, Context, Engine, Money, Pick, Violation, check
from diddo_rules.testing import (
    CannotBreak,
    NothingToPick,
    buyer_identities,
    cart_lines,
    carts,
    carts_with,
    cases,
    choices,
    gen_any,
    gen_broken,
    gen_case,
    installed_engine,
    recorded,
    replayed,
    seeded,
    shipping_methods,
    stores,
    valid_carts,
    valid_cases,
    variants,
)
from diddo_rules.testing.drivers import packed, unpacked

ENGINE = installed_engine()
VIOLATIONS = sorted(ENGINE.violations.values(), key=lambda violation: violation.code)
QUIET = settings(database=None, max_examples=5000, derandomize=True)


@given(valid_carts())
def test_valid_carts_are_valid(cart: Cart) -> None:
    assert ENGINE.validate(cart).ok


@given(valid_cases())
def test_valid_cases_are_valid_also_where_a_catalogue_is_asked(case: Case) -> None:
    assert ENGINE.validate(*case).ok


@given(valid_carts())
def test_sums_add_up(cart: Cart) -> None:
    currency = cart.cost.total.currency
    for store in cart.stores:
        lines = Money.total((line.variant.price * line.quantity for line in store.cart_lines), currency=currency)
        assert store.offer.subtotal == lines
        assert store.offer.selected_shipping_method in store.offer.shipping_methods
    assert cart.cost.subtotal == Money.total((store.offer.subtotal for store in cart.stores), currency=currency)
    assert cart.cost.total == cart.cost.subtotal + cart.cost.tax + cart.cost.shipping


@given(valid_carts())
def test_ids_and_domains_are_unique_within_a_cart(cart: Cart) -> None:
    ids = [line.variant.id for store in cart.stores for line in store.cart_lines]
    domains = [store.store for store in cart.stores]
    assert len(set(ids)) == len(ids)
    assert len(set(domains)) == len(domains)


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda violation: violation.code)
def test_every_code_is_reachable_alone(violation: type[Violation]) -> None:
    @settings(max_examples=50)
    @given(carts_with(violation))
    def alone(case: Case) -> None:
        assert set(ENGINE.validate(*case).codes) == {violation.code}

    alone()


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda violation: violation.code)
def test_a_broken_cart_shrinks_to_one_store_and_one_line_of_plain_values(violation: type[Violation]) -> None:
    case = find(carts_with(violation), bool, settings=QUIET)
    assert case == gen_broken(replayed([]), [violation], ENGINE)
    if case.cart is not None:
        assert len(case.cart.stores) <= 1
        assert sum(len(store.cart_lines) for store in case.cart.stores) <= 1


def test_violations_can_be_provoked_together() -> None:
    codes = {"BUYER_IDENTITY_MISSING", "MISSING_STORE_DOMAIN", "VARIANT_NOT_FOUND"}
    wanted = [ENGINE.violations[code] for code in sorted(codes)]

    @settings(max_examples=20)
    @given(carts_with(*wanted))
    def together(case: Case) -> None:
        assert set(ENGINE.validate(*case).codes) == codes

    together()


@pytest.mark.parametrize("codes", [("CART_NOT_FOUND", "CART_NOT_FOUND"), ("MISSING_STORES", "MISSING_STORE_DOMAIN")])
def test_what_is_never_found_together_is_not_looked_for_in_vain(codes: tuple[str, ...]) -> None:
    impossible = carts_with(*(ENGINE.violations[code] for code in codes))
    with pytest.raises(Unsatisfiable):
        find(impossible, bool, settings=settings(QUIET, max_examples=20))


@given(cases())
def test_a_case_is_broken_in_one_way_at_most(case: Case) -> None:
    report = ENGINE.validate(*case)
    assert len(set(report.codes)) <= 1
    assert not report.crashed


@given(carts(), st.data())
def test_every_violation_renders_and_points_at_a_place_in_the_cart(cart: Cart, data: st.DataObject) -> None:
    context = data.draw(st.sampled_from([Context(), Context(checkout_session_open=True)]))
    for violation in ENGINE.validate(cart, context).violations:
        assert violation.message
        assert "{" not in violation.message
        place = cart.model_dump(mode="json")
        for step in violation.at.split("/")[1:]:
            place = place[int(step) if isinstance(place, list) else step]


@given(carts())
def test_validation_changes_nothing_and_says_the_same_twice(cart: Cart) -> None:
    before = cart.model_dump_json()
    assert ENGINE.validate(cart) == ENGINE.validate(cart)
    assert cart.model_dump_json() == before


@given(valid_carts(wild=True))
def test_wild_text_is_text_and_the_cart_stays_valid(cart: Cart) -> None:
    assert ENGINE.validate(cart).ok
    assert Cart.model_validate_json(cart.model_dump_json()) == cart


@given(cases(wild=True))
def test_wild_cases_are_broken_in_one_way_at_most(case: Case) -> None:
    report = ENGINE.validate(*case)
    assert len(set(report.codes)) <= 1
    assert not report.crashed


def test_wild_text_reaches_characters_that_no_pool_holds() -> None:
    def title(cart: Cart) -> str:
        return cart.stores[0].cart_lines[0].variant.title

    assert find(valid_carts(wild=True), lambda cart: any(ord(it) > 0x20000 for it in title(cart)), settings=QUIET)


@given(stores(), cart_lines(), variants(), shipping_methods(), buyer_identities())
def test_parts_are_whole(store: Any, line: Any, variant: Any, method: Any, buyer: Any) -> None:
    assert store.store
    assert store.cart_lines
    assert store.offer.selected_shipping_method.id
    assert line.quantity >= 1
    assert line.variant.id
    assert variant.price.value >= 0
    assert method.total == method.price + method.taxes
    assert any(value for _, value in buyer)


def a_four_way_bug(cart: Cart) -> bool:
    lines = [line for store in cart.stores for line in store.cart_lines]
    return (
        cart.cost.total.currency == "KWD"
        and len(lines) >= 2
        and any(line.quantity >= 99 for line in lines)
        and any(line.variant.price.value >= 99_999 for line in lines)
    )


@pytest.mark.parametrize("start", range(5))
def test_a_four_way_bug_shrinks_to_two_lines_and_one_store_in_few_calls(start: int) -> None:
    calls = []

    def condition(cart: Cart) -> bool:
        calls.append(a_four_way_bug(cart))
        return calls[-1]

    random_settings = settings(QUIET, derandomize=False)
    cart = find(valid_carts(), condition, settings=random_settings, random=Random(start))
    assert len(cart.stores) == 1
    assert len(cart.stores[0].cart_lines) == 2
    assert len(calls) - calls.index(True) < 300  # of 1 to 2 ms each


@given(st.integers(0, 2**64))
def test_a_seed_repeats_itself_and_a_record_replays(seed: int) -> None:
    choices = []
    # The contexts hold a function each, so it is the carts that are compared.
    cart = gen_case(recorded(seeded(seed), choices)).cart
    assert gen_case(seeded(seed)).cart == cart
    assert gen_case(replayed(choices)).cart == cart


@given(st.lists(st.integers(0, 2**30)))
def test_any_list_of_choices_is_a_valid_case(choices: Any) -> None:
    assert ENGINE.validate(*gen_case(replayed(choices))).ok


def test_seeds_reach_every_code() -> None:
    pick = seeded(1)
    found = {code for _ in range(500) for code in ENGINE.validate(*gen_any(pick, ENGINE)).codes}
    assert found == set(ENGINE.violations)


@given(st.lists(st.integers(0, 2**31 - 1)))
def test_choices_survive_being_packed_and_nothing_is_a_choice(chosen: list[int]) -> None:
    assert unpacked(packed(chosen)) == chosen
    assert unpacked(packed(chosen) + bytes(8)) == chosen


@given(choices(3))
def test_choices_are_as_many_as_were_asked_for_at_most(chosen: list[int]) -> None:
    assert len(chosen) <= 3


@pytest.mark.parametrize("pick", [seeded(1), replayed([1])])
def test_there_must_be_something_to_choose_from(pick: Pick) -> None:
    with pytest.raises(NothingToPick):
        pick(0)


def test_a_violation_without_a_mutator_cannot_be_provoked(fault: type[Violation]) -> None:
    @check(yields=(fault,))
    def silent(cart: Cart) -> Any:
        return ()

    with pytest.raises(CannotBreak, match="no plugin offers a mutator for FAULT"):
        gen_broken(seeded(1), [fault], Engine([silent]))


@pytest.mark.parametrize(
    ("codes", "complaint"),
    [
        (("CART_NOT_FOUND", "CART_NOT_FOUND"), "there is no cart left"),
        (("MISSING_STORE_DOMAIN", "MISSING_STORES", "MISSING_STORE_DOMAIN"), None),
    ],
)
def test_what_contradicts_itself_is_refused(codes: Any, complaint: str) -> None:
    wanted = [ENGINE.violations[code] for code in codes]
    if complaint is None:
        case = gen_broken(seeded(1), wanted, ENGINE)
        assert ENGINE.validate(*case).codes == ("MISSING_STORES",)
    else:
        with pytest.raises(CannotBreak, match=complaint):
            gen_broken(seeded(1), wanted, ENGINE)


def test_the_fixture_is_the_engine_of_the_installed_plugins(diddo_engine: Engine) -> None:
    assert set(diddo_engine.violations) == set(ENGINE.violations)


def test_an_unused_pytest_plugin_imports_neither_pydantic_nor_hypothesis() -> None:
    program = "import sys, pytest; import diddo_rules.testing.pytest_plugin; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for module in ("pydantic", "hypothesis", "rich", "diddo_rules.engine"):
        assert f"'{module}'" not in done.stdout


@pytest.mark.parametrize("profile", ["dev", "ci", "nightly"])
def test_the_profiles_are_known_to_pytest(tmp_path: Path, profile: str) -> None:
    (tmp_path / "test_one.py").write_text(
        "from hypothesis import given, settings\n"
        "from diddo_rules.testing import valid_carts\n"
        "@settings(max_examples=20)\n"
        "@given(valid_carts())\n"
        "def test_one(diddo_engine, cart):\n"
        "    assert diddo_engine.validate(cart).ok\n"
        f"    assert settings.get_current_profile_name() == {profile!r}\n"
    )
    arguments = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--hypothesis-profile={profile}"]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
