"""Makes the mutants of modules: `make_mutants.py FILE[:PART,PART] ...` writes one JSON object a line.

It runs in an environment of its own (`.venv-mutants`), which holds Cosmic Ray, whose operators it applies, and nothing of
the project. To these it adds one for tables, which are data: `elements` leaves out one element of a table.
"""

import ast
import difflib
import json
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider
from elements import without_elements

ROOT = Path(__file__).resolve().parents[2]
LEAVE_OUT = "LeaveOutElement"


class _Behaviour(ast.NodeTransformer):
    """Drops what no run depends on: annotations, but those of classes, which pydantic reads; and `__all__`."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._without_annotations(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._without_annotations(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self._without_annotations(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        exports = isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"
        return None if exports else self.generic_visit(node)

    def _without_annotations(self, node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        for statement in ast.walk(node) if not isinstance(node, ast.Module) else node.body:
            if isinstance(statement, ast.AnnAssign):
                statement.annotation = ast.Constant(None)
        return self.generic_visit(node)


def behaviour(source: str) -> str | None:
    """Return what two sources that do the same by their very syntax have in common; None if it is no Python."""
    try:
        return ast.dump(_Behaviour().visit(ast.parse(source)))
    except SyntaxError:
        return None


def mutants_of(source: str) -> Iterator[tuple[str, str]]:
    """Yield the operator's name and the mutated source of each mutant that differs from all before it."""
    seen = {None, behaviour(source)}
    for name, mutated in chain(_by_cosmic_ray(source), ((LEAVE_OUT, it) for it in without_elements(source))):
        if (does := behaviour(mutated)) not in seen:
            seen.add(does)
            yield name, mutated


def _by_cosmic_ray(source: str) -> Iterator[tuple[str, str]]:
    provider, nodes = OperatorProvider(), list(ast_nodes(get_ast(source)))
    for name in provider:
        if provider[name].arguments():
            continue  # it wants to be told names
        operator = provider[name]()
        for occurrence in range(sum(1 for node in nodes for _ in operator.mutation_positions(node))):
            yield name, mutate_code(source, operator, occurrence)


def described(path: str, operator: str, source: str, mutated: str) -> dict[str, Any]:
    """Return the mutant as it is handed on: the changed lines, what became of them, and the whole text."""
    old, new = source.splitlines(), mutated.splitlines()
    changes = [it for it in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if it[0] != "equal"]
    first, last = changes[0][1], changes[-1][2]
    behind = len(old) - last
    line = _text(old[first:last])
    return {
        "module": path,
        "operator": operator,
        "number": first + 1,
        "line": line,
        "nth": sum(_text(old[at : at + last - first]) == line for at in range(first + 1)),
        "becomes": _text(new[changes[0][3] : len(new) - behind]),
        "source": mutated,
    }


def _text(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines if line.strip())


def _spans(source: str, parts: list[str]) -> list[range]:
    """Return the lines of the functions, methods and assignments of these names."""
    spans = []
    for node in ast.walk(ast.parse(source)):
        name = getattr(node, "name", None) or getattr(getattr(node, "target", None), "id", None)
        if name in parts and isinstance(node, ast.stmt):
            spans.append(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    if len(spans) < len(parts):
        raise SystemExit(f"not all of {parts} are there")
    return spans


def main(arguments: list[str]) -> None:
    """Write the mutants of each file, or of some parts of it."""
    for argument in arguments:
        path, _, parts = argument.partition(":")
        source = (ROOT / path).read_text("utf-8")
        spans = _spans(source, parts.split(",")) if parts else [range(1, len(source))]
        for operator, mutated in mutants_of(source):
            mutant = described(path, operator, source, mutated)
            if any(mutant["number"] in span for span in spans):
                print(json.dumps(mutant), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
