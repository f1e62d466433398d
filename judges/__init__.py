"""Judges of the fake Stripe: official SDKs of several languages, all of which run the same journeys."""
