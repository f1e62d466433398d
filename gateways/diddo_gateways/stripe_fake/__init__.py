"""A fake Stripe: an ASGI application that Stripe's own SDKs take for the real server, with memory and no network."""
