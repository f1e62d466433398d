"""Billing: what recurs and what is invoiced."""
