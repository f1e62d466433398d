"""Rules as data: a TOML or JSON file whose rules run as ordinary checks, in Python and, as they are, in a browser.

    [rules]
    load = ["./rules.toml"]

A file is a plugin, named by its stem. Each of its `[[rules]]` makes one check and one violation:

    [[rules]]
    code = "TOO_MANY_PIECES"                  # checks are named for it: `rules:too_many_pieces`
    http_status = 422
    why = "Large orders are taken by the sales team."
    message = "Line {line_number} of store {store_number} has {pieces} pieces."
    remedy = "Order at most 50 pieces at once."
    for_each = "stores.cart_lines"            # or "stores"; the cart, if nothing is said
    at = "/quantity"                          # the place at fault, within what is looked at
    when = { ">" = [{ var = "line.quantity" }, 50] }
    facts = { pieces = { var = "line.quantity" } }
    priority = 450

    [rules.translations.de]
    message = "Position {line_number} von Shop {store_number} hat {pieces} Stück."
    remedy = "Bestellen Sie höchstens 50 Stück auf einmal."

    [rules.examples]
    valid = [{ quantity = 50 }]
    violating = [{ quantity = 51 }]

`when` is JSON-logic that is true where the rule is violated; `facts` are JSON-logic too, and the texts name them in
braces. Expressions see `cart`, with `for_each` also `store` and `store_number`, and `line` and `line_number`; numbers
count from 1, and are facts by themselves. Below them are the fields of the cart as the API writes them, in snake_case.
Facts are texts, whole numbers and amounts, which are written out as `$12.34`; null is the empty text.
`diddo_rules.declarative.logic` lists the operators. What a rule reads is learnt from its expressions. TOML has no null,
and needs none: `{ "!" = [{ var = "cart.cost" }] }` is true of one.

The keys `severity`, `priority`, `before`, `after`, `requires` and `points` are those of `@check`; `measure`,
`cleared_by = { method, path, why }` and `translations` are those of a `Violation`. `examples` are merged onto valid
carts (onto each member, where the cart has a list), or onto one store or line of them: `diddo rules test` holds the
rule to them, and the testing kit breaks carts by them.

It needs the extra `declarative`.
"""

from diddo_rules.declarative.document import rules_schema
from diddo_rules.declarative.examples import broken_promises
from diddo_rules.declarative.rules import load_rules

__all__ = ["broken_promises", "load_rules", "rules_schema"]
