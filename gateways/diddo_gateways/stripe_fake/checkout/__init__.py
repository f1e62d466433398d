"""Checkout sessions: what they are made of, what they come to, and how they are paid."""
