"""The checkout sandbox: one server where carts meet gateways, entirely offline."""
