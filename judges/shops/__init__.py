"""A shop that was written for Stripe, twice, and the story that is played with it."""
