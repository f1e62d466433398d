"""The generic tier through the official SDK: one journey per pattern of operation."""

import json
from typing import Any

import httpx
import pytest
import stripe


def refused(call: Any, *args: Any, **options: Any) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as caught:
        call(*args, **options)
    return caught.value


PORTAL = {"features": {"invoice_history": {"enabled": True}}}
ADDRESS = {"line1": "1 Market Street", "city": "San Francisco", "state": "CA", "country": "US", "postal_code": "94105"}


def test_an_object_is_made_in_full_changed_listed_and_deleted(v1: Any, well_formed: Any) -> None:
    locations = v1.terminal.locations
    made = locations.create({"display_name": "Shop", "address": ADDRESS, "metadata": {"a": "1", "b": "2"}})
    well_formed(made)
    assert (made.display_name, made.address.city, made.livemode) == ("Shop", "San Francisco", False)
    changed = locations.update(made.id, {"display_name": "Stall", "metadata": {"a": "", "c": "3"}})
    assert (changed.display_name, changed.metadata.to_dict()) == ("Stall", {"b": "2", "c": "3"})
    assert locations.retrieve(made.id).to_dict() == changed.to_dict()
    assert [location.id for location in locations.list().data] == [made.id]
    assert locations.delete(made.id).to_dict() == {"id": made.id, "object": "terminal.location", "deleted": True}
    assert refused(locations.retrieve, made.id).http_status == 404


def test_an_event_tells_what_was_before(shop: Any, v1: Any) -> None:
    portal = v1.billing_portal.configurations.create({**PORTAL, "metadata": {"a": "1"}})
    v1.billing_portal.configurations.update(portal.id, {"active": False, "metadata": {"a": "2", "b": "3"}})
    v1.billing_portal.configurations.update(portal.id, {"active": False})
    assert shop.events() == ["billing_portal.configuration.created", "billing_portal.configuration.updated"]
    (event,) = v1.events.list({"type": "billing_portal.configuration.updated"}).data
    before = event.data.previous_attributes.to_dict()
    assert (before["active"], before["metadata"]) == (True, {"a": "1", "b": None})
    assert event.data.object.active is False


def test_ids_begin_as_stripes_do(v1: Any) -> None:
    assert v1.radar.value_lists.create({"alias": "list", "name": "List"}).id.startswith("rsl_1")
    assert v1.test_helpers.test_clocks.create({"frozen_time": 1}).id.startswith("clock_1")
    assert v1.setup_intents.create().id.startswith("seti_1")


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"percent_of": 25}, "parameter_unknown", "percent_of"),
        ({"amount": "lots"}, "parameter_invalid_integer", "amount"),
        ({"currency": "xyz"}, None, "currency"),
        ({"metadata": {"k" * 41: "v"}}, None, "metadata"),
    ],
)
def test_wrong_parameters_are_stripes_errors(v1: Any, params: Any, code: str | None, param: str) -> None:
    error = refused(v1.topups.create, {"amount": 2000, "currency": "usd", **params})
    assert (error.http_status, error.code, error.param) == (400, code, param)
    assert v1.topups.list().data == []


def test_what_is_named_must_be_there(v1: Any) -> None:
    error = refused(v1.quotes.create, {"customer": "cus_none"})
    assert (error.http_status, error.code, error.param) == (400, "resource_missing", "customer")
    assert str(error.user_message) == "No such customer: 'cus_none'"


def test_lists_are_paged_and_filtered(v1: Any) -> None:
    portals = v1.billing_portal.configurations
    made = [portals.create({**PORTAL, "name": name}) for name in ("one", "two", "three")]
    portals.update(made[1].id, {"active": False})
    newest_first = [portal.id for portal in reversed(made)]

    def names(**filters: Any) -> list[str]:
        return [found.name for found in portals.list(filters).auto_paging_iter()]

    assert names(limit=1) == ["three", "two", "one"]
    assert names(active=True) == ["three", "one"]
    assert names(active=False, is_default=False) == ["two"]
    page = portals.list({"limit": 1, "ending_before": newest_first[2]})
    assert ([portal.id for portal in page.data], page.has_more) == ([newest_first[1]], True)
    assert portals.list({"active": True, "ending_before": newest_first[2]}).data[0].name == "three"
    assert refused(portals.list, {"starting_after": "bpc_no"}).param == "starting_after"
    for alias in ("a", "b"):
        v1.radar.value_lists.create({"alias": alias, "name": alias})
    assert [found.alias for found in v1.radar.value_lists.list({"alias": "b"})] == ["b"]
    assert v1.radar.value_lists.list({"created": {"gt": 9_999_999_999}}).data == []


def test_ranges_filter_other_fields_than_created(v1: Any) -> None:
    for amount in (100, 200, 300):
        v1.topups.create({"amount": amount, "currency": "usd"})
    assert [topup.amount for topup in v1.topups.list({"amount": {"gte": 200}}).data] == [300, 200]
    assert [topup.amount for topup in v1.topups.list({"amount": 100}).data] == [100]


def test_nested_objects_live_in_their_parent(shop: Any, v1: Any, well_formed: Any) -> None:
    ada, bob = v1.customers.create({"name": "Ada"}), v1.customers.create({"name": "Bob"})
    tax_id = v1.customers.tax_ids.create(ada.id, {"type": "eu_vat", "value": "DE123456789"})
    well_formed(tax_id)
    assert tax_id.customer == ada.id
    assert [found.id for found in v1.customers.tax_ids.list(ada.id).data] == [tax_id.id]
    assert v1.customers.tax_ids.list(bob.id).data == []
    assert refused(v1.customers.tax_ids.retrieve, bob.id, tax_id.id).http_status == 404
    assert refused(v1.customers.tax_ids.list, "cus_no").user_message == "No such customer: 'cus_no'"
    assert v1.customers.retrieve(ada.id, {"expand": ["tax_ids"]}).tax_ids.data[0].id == tax_id.id
    v1.customers.tax_ids.delete(ada.id, tax_id.id)
    assert v1.customers.tax_ids.list(ada.id).data == []
    assert shop.events()[-2:] == ["customer.tax_id.created", "customer.tax_id.deleted"]


def test_a_tax_id_is_its_owners_wherever_it_was_made(v1: Any) -> None:
    customer = v1.customers.create()
    owner = {"type": "customer", "customer": customer.id}
    made = [
        v1.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "DE123456789"}),
        v1.tax_ids.create({"type": "eu_vat", "value": "DE987654321", "owner": owner}),
        v1.tax_ids.create({"type": "us_ein", "value": "12-3456789", "owner": {"type": "self"}}),
    ]
    owned = [made[1].id, made[0].id]
    assert [found.id for found in v1.customers.tax_ids.list(customer.id).data] == owned
    assert [found.id for found in v1.tax_ids.list({"owner": owner}).data] == owned
    assert [found.id for found in v1.tax_ids.list({"owner": {"type": "self"}}).data] == [made[2].id]


def test_children_that_do_not_name_their_parent_live_in_it_too(v1: Any) -> None:
    feature = v1.entitlements.features.create({"name": "Chat", "lookup_key": "chat"})
    hat, cap = v1.products.create({"name": "Hat"}), v1.products.create({"name": "Cap"})
    attached = v1.products.features.create(hat.id, {"entitlement_feature": feature.id})
    assert attached.entitlement_feature.name == "Chat"
    assert [found.id for found in v1.products.features.list(hat.id).data] == [attached.id]
    assert v1.products.features.list(cap.id).data == []
    assert refused(v1.products.features.retrieve, cap.id, attached.id).http_status == 404
    assert v1.products.features.delete(hat.id, attached.id).deleted


def test_lists_inside_an_object_follow_what_they_hold(v1: Any, well_formed: Any) -> None:
    card = {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    customer, product = v1.customers.create(card), v1.products.create({"name": "Tea"})
    recurring = {"currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}, "product": product.id}
    price, other = v1.prices.create(recurring), v1.prices.create(recurring)
    made = v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id, "quantity": 2}]})
    well_formed(made)
    (item,) = made["items"].data
    assert (item.quantity, item.price.id, item.subscription) == (2, price.id, made.id)
    v1.subscription_items.update(item.id, {"quantity": 5})
    added = v1.subscription_items.create({"subscription": made.id, "price": other.id})
    held = {found.id: found.quantity for found in v1.subscriptions.retrieve(made.id)["items"].data}
    assert held == {item.id: 5, added.id: 1}
    assert [found.id for found in v1.subscriptions.list({"price": other.id}).data] == [made.id]
    v1.subscriptions.update(made.id, {"items": [{"id": item.id, "deleted": True}]})
    assert [found.id for found in v1.subscriptions.retrieve(made.id)["items"].data] == [added.id]
    assert v1.subscriptions.cancel(made.id).status == "canceled"
    assert v1.subscriptions.list().data == []
    assert [found.id for found in v1.subscriptions.list({"status": "all"}).data] == [made.id]


def test_what_there_is_one_of_is_there_from_the_start(shop: Any, v1: Any, well_formed: Any) -> None:
    well_formed(v1.balance.retrieve())
    own = v1.accounts.retrieve_current()
    assert v1.accounts.retrieve(own.id).to_dict() == own.to_dict()
    assert v1.accounts.list().data == []
    assert v1.tax.settings.retrieve().defaults.tax_behavior is None
    v1.tax.settings.update({"defaults": {"tax_behavior": "inclusive"}})
    assert v1.tax.settings.retrieve().defaults.tax_behavior == "inclusive"
    assert shop.events() == ["tax.settings.updated"]


def test_actions_change_the_status(v1: Any) -> None:
    reader = v1.terminal.readers.create({"registration_code": "simulated-wpe"})
    acted = v1.terminal.readers.process_setup_intent(
        reader.id, {"setup_intent": v1.setup_intents.create().id, "allow_redisplay": "always"}
    )
    assert (acted.action.type, acted.action.status) == ("process_setup_intent", "in_progress")
    assert v1.terminal.readers.cancel_action(reader.id).action is None


def test_numbers_are_not_kept(v1: Any) -> None:
    card = {"number": "5555555555554444", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    token = v1.tokens.create({"card": card})
    assert (token.card.brand, token.card.last4) == ("MasterCard", "4444")
    assert "5555555555554444" not in str(v1.tokens.retrieve(token.id))
    assert refused(v1.tokens.create, {"card": {**card, "number": "4242424242424241"}}).code == "incorrect_number"
    customer = v1.customers.create()
    source = v1.customers.payment_sources.create(customer.id, {"source": "tok_amex"})
    assert (source.object, source.brand, source.customer) == ("card", "American Express", customer.id)
    account = v1.customers.payment_sources.create(customer.id, {"source": "btok_us_verified"})
    assert (account.object, account.country) == ("bank_account", "US")
    bank = {"country": "US", "currency": "usd", "account_number": "000222222227"}
    assert v1.tokens.create({"bank_account": bank}).bank_account.last4 == "2227"
    listed = v1.customers.payment_sources.list(customer.id, {"object": "card"}).data
    assert [found.id for found in listed] == [source.id]


def test_a_discount_is_taken_off_where_there_is_one(v1: Any) -> None:
    customer = v1.customers.create()
    error = refused(v1.customers.delete_discount, customer.id)
    assert (error.http_status, error.user_message) == (404, f"No active discount for customer: {customer.id}")


def test_secrets_are_found_and_deleted_by_what_describes_them(v1: Any) -> None:
    scope = {"type": "account"}
    v1.apps.secrets.create({"name": "one", "payload": "1", "scope": scope})
    two = v1.apps.secrets.create({"name": "two", "payload": "2", "scope": scope})
    assert v1.apps.secrets.find({"name": "two", "scope": scope}).id == two.id
    assert v1.apps.secrets.delete_where({"name": "two", "scope": scope}).deleted
    assert refused(v1.apps.secrets.find, {"name": "two", "scope": scope}).http_status == 404


def test_a_pdf_is_downloaded(shop: Any, v1: Any) -> None:
    quote = v1.quotes.create()
    url = f"{shop.server.url}/v1/quotes/{quote.id}/pdf"
    with httpx.Client(trust_env=False) as http:
        answer = http.get(url, headers={"Authorization": f"Bearer sk_test_{shop.name}"})
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_expansion_reaches_generic_objects(v1: Any) -> None:
    portal = v1.billing_portal.configurations.create(PORTAL).id
    given = {"customer": v1.customers.create().id, "configuration": portal, "expand": ["configuration"]}
    assert v1.billing_portal.sessions.create(given).configuration.features.invoice_history.enabled


def test_a_repeated_key_repeats_the_answer(v1: Any) -> None:
    topup = {"amount": 2000, "currency": "usd"}
    first, again = (v1.topups.create(topup, {"idempotency_key": "k"}) for _ in range(2))
    assert first.id == again.id
    assert len(v1.topups.list().data) == 1


def test_the_second_version_speaks_json(shop: Any) -> None:
    accounts = shop.client.v2.core.accounts
    made = [accounts.create({"contact_email": f"{name}@shop.test"}) for name in ("ada", "bob", "eve")]
    assert (made[0].object, made[0].created[-1]) == ("v2.core.account", "Z")
    page = accounts.list({"limit": 2})
    assert [account.id for account in page.data] == [made[2].id, made[1].id]
    assert page.previous_page_url is None
    assert [account.id for account in page.auto_paging_iter()] == [account.id for account in reversed(made)]
    person = accounts.persons.create(made[0].id, {"given_name": "Ada"})
    assert person.account == made[0].id
    assert accounts.persons.delete(made[0].id, person.id).id == person.id
    assert accounts.close(made[0].id).closed is True


def test_the_second_version_has_errors_of_its_own_form(shop: Any) -> None:
    accounts = shop.client.v2.core.accounts
    missing = refused(accounts.retrieve, "acct_no")
    assert (missing.http_status, missing.code) == (404, "resource_missing")
    assert "doc_url" not in missing.json_body["error"]
    assert refused(accounts.create, {"nope": 1}).code == "parameter_unknown"


def test_generic_objects_outlive_a_restart(serve: Any, tmp_path: Any) -> None:
    state = tmp_path / "state.db"
    with serve(state) as server:
        made = server.client().v1.radar.value_lists.create({"alias": "a", "name": "A"})
    with serve(state) as server:
        lists = server.client().v1.radar.value_lists
        assert lists.retrieve(made.id).to_dict() == made.to_dict()
        assert [found.id for found in lists.list({"alias": "a"}).data] == [made.id]


def test_generic_objects_stay_in_their_world(server: Any) -> None:
    mine, other = (server.client(f"sk_test_{name}").v1.radar.value_lists for name in ("mine", "other"))
    made = mine.create({"alias": "same", "name": "Mine"})
    assert other.list().data == []
    assert refused(other.retrieve, made.id).http_status == 404
    assert other.create({"alias": "same", "name": "Other"}).name == "Other"
    assert mine.retrieve(made.id).name == "Mine"


def test_webhooks_tell_of_generic_objects(serve: Any) -> None:
    delivered = []

    async def deliver(_url: str, body: bytes, _headers: Any) -> int:
        delivered.append(json.loads(body))
        return 200

    with serve(deliver=deliver) as server:
        v1 = server.client().v1
        v1.webhook_endpoints.create({"url": "https://shop.test/hooks", "enabled_events": ["topup.created"]})
        v1.billing_portal.configurations.create(PORTAL)
        topup = v1.topups.create({"amount": 2000, "currency": "usd"})
        server.call(server.fake.settled())
    assert [(event["type"], event["data"]["object"]["id"]) for event in delivered] == [("topup.created", topup.id)]


def test_documentation_ids_name_what_is_made_when_first_asked_for(serve: Any) -> None:
    with serve(documentation_ids=True) as server:
        client = server.client()
        customer = client.v1.customers.retrieve("cus_xxxxxxxxxxxxx")
        assert customer.id == "cus_xxxxxxxxxxxxx"
        client.v1.customers.update(customer.id, {"name": "Ada"})
        assert client.v1.customers.retrieve("cus_xxxxxxxxxxxxx").name == "Ada"
        assert client.v1.disputes.close("du_xxxxxxxxxxxxx").status == "lost"
        for other in ("cus_yyyyyyyyy", "pi_xxxxxxxxxxxxx"):
            assert refused(client.v1.customers.retrieve, other).http_status == 404


def test_what_documentation_ids_name_can_be_paid_for_and_refunded(serve: Any) -> None:
    with serve(documentation_ids=True) as server:
        v1 = server.client().v1
        line = {"price": "price_xxxxxxxxxxxxx", "quantity": 2}
        session = {"mode": "payment", "success_url": "https://shop.test", "line_items": [line]}
        assert v1.checkout.sessions.create(session).amount_total == 4000
        assert v1.refunds.create({"charge": "ch_xxxxxxxxxxxxx"}).amount == 2000
        confirmed = {"payment_method": "pm_card_visa", "return_url": "https://shop.test"}
        assert v1.setup_intents.confirm("seti_xxxxxxxxxxxxx", confirmed).status == "succeeded"
        card = {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
        subscribed = {"customer": v1.customers.create(card).id, "items": [{"price": "plan_xxxxxxxxxxxxx"}]}
        assert v1.subscriptions.create(subscribed).status == "active"
        once = {**subscribed, "items": [{"price": "price_xxxxxxxxxxxxx"}]}
        assert "type=one_time" in str(refused(v1.subscriptions.create, once))
