"""The testing kit: carts by the thousand, each code provoked on its own, and fixtures for pytest."""
