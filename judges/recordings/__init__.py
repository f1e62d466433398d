"""Recorded answers of Stripe's test mode as judge: their fields, types, errors and headers held against the fake's.

`facts.json` holds facts alone, taken from public repositories under permissive licences: which fields each kind of object
had, of which types, whether always (`?` where not); the fields of errors; headers. The fake is asked for the same, and
what differs is listed in docs/stripe-recordings.md, which `python -m judges.recordings --write` writes.
"""
