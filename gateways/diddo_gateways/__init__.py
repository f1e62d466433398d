"""Payment gateways: a protocol, Stripe through its own SDK, a fake Stripe, and the smallest gateway to copy."""
