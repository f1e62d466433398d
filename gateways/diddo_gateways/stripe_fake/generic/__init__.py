"""The generic tier: every operation of the catalogue that has no behaviour of its own, answered from its types.

What it knows of an operation it reads from the catalogue (`patterns`); what types cannot say stands in data:
`prefixes.json` (ids), `values.json` (first values), `actions.json` (what verbs do), `filters.json` (search and filters).
"""
