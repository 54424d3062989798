"""Wrong variants of a Python function or program: one small mistake each, made on its syntax tree.

Deterministic: the same program gives the same variants in the same order. Variants are not run here; those
that are known to pass the tests of the published data are left out (`code_survivors`).
"""

import ast
import hashlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from mas2_tasks.code_survivors import wrong

Change: TypeAlias = Callable[[], Callable[[], None]]
"""Makes a change to the tree and returns what takes it back."""

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.FloorDiv,
    ast.FloorDiv: ast.Mod,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitXor: ast.BitOr,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_CALLS = {
    "max": "min",
    "min": "max",
    "any": "all",
    "all": "any",
    "sorted": "list",
    "sum": "len",
    "len": "sum",
    "lower": "upper",
    "upper": "lower",
    "isupper": "islower",
    "islower": "isupper",
    "startswith": "endswith",
    "endswith": "startswith",
    "ceil": "floor",
    "floor": "ceil",
    "append": "extend",
}


def parse(source: str) -> ast.Module:
    """The syntax tree, without the warnings that odd string escapes give.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as `ast.parse` does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def mutants(prompt: str, body: str, entry: str, most: int = 6) -> tuple[str, ...]:
    """Bodies of the function `entry` of `prompt + body`, each with one mistake; between 3 and `most` of them.

    Subtle mistakes come before coarse ones, and mistakes that could make a loop endless come last.
    """
    function = _function(prompt + body, entry)
    if function is None:
        return _COARSE
    chosen = _spoilt(function, entry, _body)[:most]
    return (*chosen, *wrong(entry, [text for text in _COARSE if text not in chosen]))[: max(3, len(chosen))]


def layout(prompt: str, body: str, entry: str) -> str:
    """The body as `mutants` lays it out: quotes, comments and blank lines must not tell right from wrong."""
    function = _function(prompt + body, entry)
    return body if function is None else _body(function)


def _function(source: str, entry: str) -> ast.FunctionDef | None:
    """The function `entry` without its docstring, if there is one that can be read."""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == entry]
    if not functions:
        return None
    function = functions[-1]
    if ast.get_docstring(function, clean=False) is not None:
        function.body = function.body[1:]
    return function


def program_mutants(code: str, entry: str, most: int = 6) -> tuple[str, tuple[str, ...]]:
    """The program as its syntax tree reads, and between 3 and `most` like it, each with one mistake.

    Comments and docstrings are gone from all of them, so that layout does not tell right from wrong. Mistakes
    come in the order of `mutants`, and are in the function `entry`, or where this has too few places for
    them, in any function. A program that cannot be parsed is given back as it is.
    """
    plain = code.replace("\r\n", "\n").replace("\r", "\n")
    coarse = wrong(entry, [f"def {entry}(*args, **kwargs):\n{body}" for body in _COARSE])
    try:
        tree = parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return plain, tuple(coarse)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for function in functions:
        if ast.get_docstring(function, clean=False) is not None:
            function.body = function.body[1:] or [ast.Pass()]
    chosen: list[str] = []
    for function in sorted(functions, key=lambda node: node.name != entry):
        if len(chosen) < 3:
            chosen += _spoilt(function, entry, lambda _: _text(tree))[: most - len(chosen)]
    return _text(tree), (*chosen, *coarse)[: max(3, len(chosen))]


_COARSE = ("    return None\n", "    return []\n", "    return 0\n", "    pass\n")


def _spoilt(function: ast.FunctionDef, salt: str, write: Callable[[ast.FunctionDef], str]) -> list[str]:
    """What `write` makes of the function with one mistake after another in it, the subtlest first."""
    plain = write(function)
    ranked: dict[str, tuple[bool, int, bytes]] = {}
    for rank, endless, change in _changes(function):
        undo = change()
        text = write(function)
        undo()
        if text != plain and text not in ranked:
            ranked[text] = (endless, rank, hashlib.sha256((salt + text).encode()).digest())
    return wrong(salt, sorted(ranked, key=lambda text: ranked[text]))


def _body(function: ast.FunctionDef) -> str:
    text = ast.unparse(ast.fix_missing_locations(ast.Module(function.body or [ast.Pass()], [])))
    return "".join(f"    {line}\n" if line else "\n" for line in text.split("\n"))


def _text(tree: ast.Module) -> str:
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _changes(function: ast.FunctionDef) -> Iterator[tuple[int, bool, Change]]:
    """(coarseness, whether it stands in a `while` loop, change) for every place of the function."""
    looping = {
        id(inner) for node in ast.walk(function) if isinstance(node, ast.While) for inner in ast.walk(node)
    }
    for node in list(ast.walk(function)):
        if node is function or isinstance(node, ast.arguments):
            continue
        for rank, change in (*_of_expression(node), *_of_statement(node)):
            yield rank, id(node) in looping, change


def _of_expression(node: ast.AST) -> Iterator[tuple[int, Change]]:
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for rank, other in enumerate(_COMPARISONS[type(operator)]):
                yield rank, _put(node, "ops", [*node.ops[:place], other(), *node.ops[place + 1 :]])
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield 1, _put(node, "value", not node.value)
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield 0, _put(node, "value", node.value + 1)
        yield 0, _put(node, "value", node.value - 1)
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _OPERATORS:
        yield 1, _put(node, "op", _OPERATORS[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        yield 0, _put(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
        yield 1, _put(node, "values", node.values[:1] * 2)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in _CALLS:
        yield 1, _put(node, "id", _CALLS[node.id])
    elif isinstance(node, ast.Attribute) and node.attr in _CALLS:
        yield 1, _put(node, "attr", _CALLS[node.attr])
    elif isinstance(node, ast.comprehension) and node.ifs:
        yield 1, _put(node, "ifs", node.ifs[1:])
    elif isinstance(node, ast.Call) and node.keywords:
        yield 1, _put(node, "keywords", node.keywords[1:])
    elif isinstance(node, ast.Call) and len(node.args) == 2:
        yield 1, _put(node, "args", node.args[::-1])


def _of_statement(node: ast.AST) -> Iterator[tuple[int, Change]]:
    if isinstance(node, ast.If | ast.IfExp):
        yield 2, _put(node, "test", ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.If):
        yield 1, _put(node, "orelse", [])
    if isinstance(node, ast.Return) and node.value is not None:
        yield 4, _put(node, "value", ast.Constant(None))
        yield (
            3,
            _put(
                node, "value", ast.Subscript(node.value, ast.Slice(ast.Constant(1), None, None), ast.Load())
            ),
        )
    if isinstance(node, ast.For):
        yield 2, _put(node, "body", [*node.body, ast.Break()])
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
        yield 3, _drop(node)


def _put(node: Any, field: str, value: Any) -> Change:
    def change() -> Callable[[], None]:
        before = getattr(node, field)
        setattr(node, field, value)
        return lambda: setattr(node, field, before)

    return change


def _drop(node: ast.stmt) -> Change:
    """Turns a statement into `pass` by taking on the class of one, which keeps it in its place."""

    def change() -> Callable[[], None]:
        kind: Any = type(node)
        vars_before = dict(vars(node))
        slot: Any = node
        slot.__class__ = ast.Pass

        def undo() -> None:
            slot.__class__ = kind
            vars(node).update(vars_before)

        return undo

    return change
