"""Tokens, and what is made from them: payment methods, a customer's cards and bank accounts."""

from typing import Any

import pytest
import stripe
from refusals import refused

CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2040", "cvc": "123", "name": "Ada"}
BANK = {"country": "US", "currency": "usd", "account_number": "000123456789", "routing_number": "110000000"}


@pytest.fixture
def customer(v1: Any) -> str:
    return v1.customers.create().id  # type: ignore[no-any-return]


class TestTokens:
    def test_of_a_card(self, v1: Any, well_formed: Any) -> None:
        token = v1.tokens.create({"card": {**CARD, "address_zip": "94107"}})
        well_formed(token)
        assert (token.id[:5], token.type, token.used) == ("tok_1", "card", False)
        assert (token.card.brand, token.card.last4, token.card.name) == ("Visa", "4242", "Ada")
        assert (token.card.cvc_check, token.card.address_zip_check) == ("unchecked", "unchecked")
        assert "4242424242424242" not in str(token)
        assert v1.tokens.retrieve(token.id).to_dict() == token.to_dict()
        assert refused(v1.tokens.retrieve, "tok_nobody").http_status == 404

    def test_of_a_bank_account(self, v1: Any, well_formed: Any) -> None:
        token = v1.tokens.create({"bank_account": {**BANK, "account_holder_name": "Ada"}})
        well_formed(token)
        account = token.bank_account
        assert (account.last4, account.status, account.account_holder_name) == ("6789", "new", "Ada")
        error = refused(v1.tokens.create, {"bank_account": {**BANK, "account_number": "123456789012"}})
        assert (error.code, error.param) == ("account_number_invalid", "bank_account[account_number]")

    def test_of_other_things(self, v1: Any, well_formed: Any) -> None:
        for params in (
            {"pii": {"id_number": "000000000"}},
            {"cvc_update": {"cvc": "123"}},
            {"account": {"business_type": "individual"}},
            {"person": {"first_name": "Ada"}},
        ):
            token = v1.tokens.create(params)
            well_formed(token)
            assert token.type == next(iter(params))
            assert "000000000" not in str(token)
        with pytest.raises(stripe.CardError) as caught:
            v1.tokens.create({"cvc_update": {"cvc": "12"}})
        assert caught.value.code == "invalid_cvc"

    def test_of_one_thing_only(self, v1: Any) -> None:
        assert "must supply either a card" in refused(v1.tokens.create, {}).user_message
        error = refused(v1.tokens.create, {"card": CARD, "pii": {"id_number": "1"}})
        assert "only specify one of these parameters: card, pii" in error.user_message

    def test_by_a_browser(self, shop: Any) -> None:
        assert shop.publishable().v1.tokens.create({"card": CARD}).card.last4 == "4242"

    @pytest.mark.parametrize(
        ("wrong", "code"), [({"number": "4242424242424241"}, "incorrect_number"), ({"cvc": "12"}, "invalid_cvc")]
    )
    def test_wrong_details(self, v1: Any, wrong: dict[str, str], code: str) -> None:
        with pytest.raises(stripe.CardError) as caught:
            v1.tokens.create({"card": {**CARD, **wrong}})
        assert caught.value.code == code

    def test_named_ones(self, v1: Any) -> None:
        token = v1.tokens.retrieve("tok_amex")
        assert (token.card.brand, token.used) == ("American Express", False)
        assert v1.tokens.retrieve("tok_amex").id != token.id


class TestSpending:
    def test_once(self, v1: Any, customer: str) -> None:
        token = v1.tokens.create({"card": {**CARD, "address_line1": "1 Main St"}})
        method = v1.payment_methods.create({"type": "card", "card": {"token": token.id}})
        assert (method.billing_details.name, method.billing_details.address.line1) == ("Ada", "1 Main St")
        assert (method.card.exp_month, method.card.exp_year, method.card.checks.cvc_check) == (12, 2040, "unchecked")
        assert v1.tokens.retrieve(token.id).used
        for use in (
            lambda: v1.payment_methods.create({"type": "card", "card": {"token": token.id}}),
            lambda: v1.customers.payment_sources.create(customer, {"source": token.id}),
            lambda: v1.customers.create({"source": token.id}),
        ):
            error = refused(use)
            assert (error.http_status, error.code) == (400, "token_already_used")
            assert error.user_message == f"You cannot use a Stripe token more than once: {token.id}."

    def test_not_for_what_it_is_not(self, v1: Any, customer: str) -> None:
        token = v1.tokens.create({"bank_account": BANK})
        assert refused(v1.payment_methods.create, {"type": "card", "card": {"token": token.id}}).param == "card[token]"
        assert not v1.tokens.retrieve(token.id).used
        secret = v1.tokens.create({"pii": {"id_number": "1"}})
        assert refused(v1.customers.payment_sources.create, customer, {"source": secret.id}).param == "source"
        error = refused(v1.customers.payment_sources.create, customer, {"source": "tok_nobody"})
        assert (error.code, error.param) == ("resource_missing", "source")


class TestSources:
    def test_a_card_is_a_payment_method_too(self, shop: Any, v1: Any, customer: str, well_formed: Any) -> None:
        source = v1.customers.payment_sources.create(customer, {"source": "tok_visa", "metadata": {"a": "b"}})
        well_formed(source)
        assert (source.object, source.customer, source.cvc_check) == ("card", customer, "pass")
        assert v1.customers.retrieve(customer).default_source == source.id
        assert [method.id for method in v1.customers.payment_methods.list(customer)] == [source.id]
        assert shop.pay(source.id, customer=customer, off_session=True).status == "succeeded"
        assert "customer.source.created" in shop.events()
        assert v1.customers.payment_sources.retrieve(customer, source.id).to_dict() == source.to_dict()
        other = v1.customers.create().id
        assert refused(v1.customers.payment_sources.retrieve, other, source.id).http_status == 404

    def test_a_declining_card(self, v1: Any, customer: str) -> None:
        with pytest.raises(stripe.CardError) as caught:
            v1.customers.payment_sources.create(customer, {"source": "tok_chargeDeclined"})
        assert (caught.value.code, caught.value.param) == ("card_declined", "")
        assert v1.customers.payment_sources.list(customer).data == []

    def test_changes_reach_the_payment_method(self, shop: Any, v1: Any, customer: str, well_formed: Any) -> None:
        source = v1.customers.payment_sources.create(customer, {"source": "tok_visa"})
        params = {"exp_month": "7", "exp_year": "2041", "name": "Bob", "address_city": "Rome", "metadata": {"a": "b"}}
        changed = v1.customers.payment_sources.update(customer, source.id, params)
        well_formed(changed)
        assert (changed.exp_month, changed.exp_year, changed.name) == (7, 2041, "Bob")
        method = v1.payment_methods.retrieve(source.id)
        well_formed(method)
        assert (method.card.exp_year, method.billing_details.name) == (2041, "Bob")
        assert method.billing_details.address.city == "Rome"
        assert shop.events()[-1] == "customer.source.updated"
        with pytest.raises(stripe.CardError):
            v1.customers.payment_sources.update(customer, source.id, {"exp_year": "2020"})
        wrong = {"account_holder_name": "Bob"}
        assert refused(v1.customers.payment_sources.update, customer, source.id, wrong).param == "account_holder_name"

    def test_the_default_one(self, shop: Any, v1: Any, customer: str) -> None:
        sources = v1.customers.payment_sources
        first, second = (sources.create(customer, {"source": token}) for token in ("tok_visa", "tok_mastercard"))
        default = lambda: v1.customers.retrieve(customer).default_source  # noqa: E731
        assert default() == first.id
        v1.customers.update(customer, {"default_source": second.id})
        assert default() == second.id
        assert sources.delete(customer, second.id).to_dict() == {"id": second.id, "object": "card", "deleted": True}
        assert default() == first.id
        assert v1.payment_methods.retrieve(second.id).customer is None
        used = {"amount": 500, "currency": "usd", "payment_method": second.id, "confirm": True}
        error = refused(v1.payment_intents.create, {**used, "return_url": "https://shop.test"})
        assert "may not be used again" in str(error)
        third = v1.customers.update(customer, {"source": "tok_amex"}).default_source
        assert [source.id for source in sources.list(customer)] == [third]
        error = refused(v1.customers.update, customer, {"default_source": first.id})
        assert (error.code, error.param) == ("resource_missing", "default_source")
        sources.delete(customer, third)
        assert default() is None
        assert shop.events()[-2:] == ["customer.source.deleted", "customer.updated"]

    def test_detaching_the_method_takes_the_card(self, v1: Any, customer: str) -> None:
        source = v1.customers.payment_sources.create(customer, {"source": "tok_visa"})
        v1.payment_methods.detach(source.id)
        assert v1.customers.payment_sources.list(customer).data == []
        assert v1.customers.retrieve(customer).default_source is None

    def test_bank_accounts_are_verified(self, v1: Any, customer: str, well_formed: Any) -> None:
        sources = v1.customers.payment_sources
        account = sources.create(customer, {"source": v1.tokens.create({"bank_account": BANK}).id})
        well_formed(account)
        assert (account.object, account.status) == ("bank_account", "new")
        assert refused(sources.verify, customer, account.id, {"amounts": [1, 2]}).http_status == 400
        assert sources.verify(customer, account.id, {"amounts": [32, 45]}).status == "verified"
        assert refused(sources.verify, customer, account.id, {"amounts": [32, 45]}).code == "bank_account_verified"
        card = sources.create(customer, {"source": "tok_visa"})
        assert refused(sources.verify, customer, card.id, {"amounts": [32, 45]}).http_status == 404
        assert [one.object for one in sources.list(customer)] == ["card", "bank_account"]
        assert [one.id for one in sources.list(customer, {"object": "bank_account"})] == [account.id]
        assert sources.create(customer, {"source": "btok_us_verified"}).status == "verified"

    def test_paging(self, v1: Any, customer: str) -> None:
        sources = v1.customers.payment_sources
        ids = [sources.create(customer, {"source": "tok_visa"}).id for _ in range(3)]
        page = sources.list(customer, {"limit": 2})
        assert ([one.id for one in page.data], page.has_more) == (ids[:0:-1], True)
        assert [one.id for one in sources.list(customer, {"starting_after": ids[1]})] == [ids[0]]

    def test_a_source_that_was_made_before(self, v1: Any, customer: str) -> None:
        made = v1.sources.create({"type": "ach_credit_transfer", "currency": "usd"})
        assert v1.customers.payment_sources.create(customer, {"source": made.id}).customer == customer
        assert refused(v1.customers.payment_sources.create, customer, {"source": made.id}).param == "source"


class TestCustomers:
    def test_made_with_a_card(self, shop: Any, v1: Any, well_formed: Any) -> None:
        made = v1.customers.create({"source": "tok_visa"})
        customer = v1.customers.retrieve(made.id, {"expand": ["default_source", "sources"]})
        well_formed(customer)
        assert customer.default_source.last4 == "4242"
        assert [source.id for source in customer.sources.data] == [customer.default_source.id]
        assert set(shop.events()) >= {"customer.created", "customer.source.created"}
        with pytest.raises(stripe.CardError):
            v1.customers.create({"source": "tok_chargeDeclined"})

    def test_made_with_tax_ids(self, shop: Any, v1: Any, well_formed: Any) -> None:
        numbers = [{"type": "eu_vat", "value": "DE123456789"}, {"type": "us_ein", "value": "12-3456789"}]
        customer = v1.customers.create({"tax_id_data": numbers})
        found = v1.customers.tax_ids.list(customer.id).data
        assert {(one.type, one.country) for one in found} == {("eu_vat", "DE"), ("us_ein", "US")}
        for one in found:
            well_formed(one)
        assert shop.events().count("customer.tax_id.created") == 2

    def test_a_default_that_is_detached_is_none(self, shop: Any, v1: Any, customer: str) -> None:
        method = v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
        v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method}})
        v1.payment_methods.detach(method)
        assert v1.customers.retrieve(customer).invoice_settings.default_payment_method is None
        assert shop.events()[-2:] == ["payment_method.detached", "customer.updated"]
