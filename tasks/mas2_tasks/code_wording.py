"""One program in many wordings: what tells apart the codes of agents that had the same idea.

Real agents hardly ever write the same program twice: of pairs of right codes to one problem of HumanEval, 1 %
have the same syntax tree (DyLAN, GPT-3.5, first replies). So simulated ones name local variables in their own
ways, and give the value that is returned a name of its own. What a program does stays the same.

`plain` undoes this: it is a form in which all wordings of a program are equal.
"""

import ast
import builtins
import keyword
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from mas2_tasks.code_mutants import parse
from mas2_tasks.code_text import dump

_RESULTS: Final = (
    "result",
    "res",
    "output",
    "out",
    "answer",
    "ans",
    "value",
    "ret",
    "final",
    "outcome",
    "solution",
    "found",
    "computed",
    "to_return",
    "final_result",
    "result_value",
)
_STYLES: Final = ("{}", "{}_", "my_{}", "cur_{}", "{}_val", "the_{}", "new_{}", "{}_v")
_MOST: Final = 6
"""Variables that are named anew; a draw has no bits for more."""

_KEPT: Final = 8192
_SLOT: Final = re.compile(r"\x00(\d+)\x00")
_OBSERVERS: Final = frozenset({"locals", "globals", "vars", "dir", "eval", "exec"})
_RESERVED: Final = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | {"_"}


class Wordings(Struct, frozen=True):
    """A program with slots for names.

    Attributes:
        text, form: pieces of its text and of its syntax tree; numbers stand for slots.
        names: for each slot, the names to choose from: a power of two of them.
        plain: the form in which all wordings are equal.
    """

    text: tuple[str | int, ...]
    form: tuple[str | int, ...]
    names: tuple[tuple[str, ...], ...]
    plain: str


class Known(Struct, frozen=True, gc=False):
    """What is known of a wording that was made here.

    Attributes:
        source: the program that it is a wording of.
        made: that program, taken apart.
        chosen: the names that it has.
    """

    source: str
    made: Wordings
    chosen: tuple[str, ...]

    @property
    def form(self) -> str:
        """Its syntax tree, as `code_text.normal_form` gives it."""
        return _joined(self.made.form, self.chosen)


_known: dict[tuple[str, bool], Known] = {}


def reworded(code: str, draw: int, whole: bool = False) -> str:
    """The program in the wording that an integer chooses; as it is where nothing can be named anew.

    Args:
        code: a program.
        draw: its bits choose the names.
        whole: whether its form is that of the whole program, see `code_text.normal_form`.
    """
    made = wordings(code, whole)
    if not made.names:
        return code
    chosen = []
    for names in made.names:
        chosen.append(names[draw % len(names)])
        draw //= len(names)
    text = _joined(made.text, chosen)
    if len(_known) >= _KEPT:
        _known.clear()
    _known[text, whole] = Known(code, made, tuple(chosen))
    return text


def known(text: str, whole: bool = False) -> Known | None:
    """What is known of a text that `reworded` made in this process, lately."""
    return _known.get((text, whole))


@lru_cache(maxsize=4096)
def wordings(code: str, whole: bool = False) -> Wordings:
    """A program taken apart."""
    tree = _tree(code)
    if tree is None or not _is_plain_program(tree) or not _is_spelt_as_it_reads(tree, code):
        return Wordings((code,), (), (), plain(code, whole))
    fixed = _fixed(tree, tree.body)
    taken = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | fixed
    slots: dict[str, int] = {}
    names: list[tuple[str, ...]] = []
    edits: list[tuple[int, int, str]] = []
    starts = _line_starts(code)
    returned = _returned(tree)
    indent = b"" if returned is None else code.encode()[starts[returned.lineno - 1] :][: returned.col_offset]
    if returned is not None and not indent.strip():
        names.append(_free(_RESULTS, taken))
        at = starts[returned.lineno - 1] + returned.col_offset
        end = starts[(returned.end_lineno or 1) - 1] + (returned.end_col_offset or 0)
        edits.append((at, at + len("return"), "\x000\x00 ="))
        edits.append((end, end, f"\n{indent.decode()}return \x000\x00"))
        taken = taken | set(names[0])
    for name in _variables(tree, fixed)[:_MOST]:
        slots[name] = len(names)
        names.append(_free(tuple(style.format(name) for style in _STYLES), taken - {name}))
        taken = taken | set(names[-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in slots:
            at = starts[node.lineno - 1] + node.col_offset
            edits.append((at, at + len(node.id.encode()), f"\x00{slots[node.id]}\x00"))
    raw = code.encode()
    for at, end, new in sorted(edits, reverse=True):
        raw = raw[:at] + new.encode() + raw[end:]
    text = raw.decode()
    return Wordings(_pieces(text), _form(text, len(names), whole), tuple(names), plain(code, whole))


@lru_cache(maxsize=4096)
def plain(code: str, whole: bool = False) -> str:
    """A form in which all wordings of a program are equal: its syntax tree with its variables numbered.

    For what is no program, the text without white space.
    """
    for source in (code, f"def _():\n{code}"):
        tree = _tree(source)
        if tree is None:
            continue
        if _is_plain_program(tree):
            _unname(tree)
            # Of a body alone, the arguments are not known: they count as variables where they are set.
            inner = [node for function in tree.body for node in ast.iter_child_nodes(function)]
            inner = [node for node in inner if not isinstance(node, ast.arguments)]
            numbers = {name: f"\x00{i}" for i, name in enumerate(_variables(tree, _fixed(tree, inner)))}
            for node in ast.walk(tree):
                if isinstance(node, ast.Name) and node.id in numbers:
                    node.id = numbers[node.id]
        return dump(tree, whole)
    return "".join(code.split())


def _tree(code: str) -> ast.Module | None:
    try:
        return parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_plain_program(tree: ast.Module) -> bool:
    """Whether names of variables can be changed: nothing looks at them, and all are plain names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global | ast.Nonlocal | ast.Match | ast.ClassDef):
            return False
        if isinstance(node, ast.Name) and node.id in _OBSERVERS:
            return False
    return True


def _is_spelt_as_it_reads(tree: ast.Module, code: str) -> bool:
    """Whether each name is as long as in the text, where Python normalises some letters (PEP 3131)."""
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return code.isascii() or all(
        (node.end_col_offset or 0) - node.col_offset == len(node.id.encode()) for node in names
    )


def _fixed(tree: ast.Module, nodes: Iterable[ast.AST]) -> set[str]:
    """Names that are no variables or have no place in the text, and those of arguments in `nodes`."""
    fixed = set(_RESERVED)
    for statement in tree.body:
        if not isinstance(statement, ast.FunctionDef):
            fixed |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ExceptHandler(name=str(name))
            ):
                fixed.add(name)
            case ast.alias(name=name, asname=other):
                fixed.add(other or name.partition(".")[0])
            case ast.JoinedStr():  # where names stand in it, Python 3.11 does not say
                fixed |= {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    for top in nodes:
        fixed |= {node.arg for node in ast.walk(top) if isinstance(node, ast.arg)}
    return fixed


def _variables(tree: ast.Module, fixed: set[str]) -> list[str]:
    """Variables that are not fixed, in the order in which they first stand in the code."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id not in fixed
    ]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(node.id for node in found))


def _returned(tree: ast.Module) -> ast.Return | None:
    """The last statement of the last function, if it returns something that has no name yet."""
    last = tree.body[-1] if tree.body else None
    end = last.body[-1] if isinstance(last, ast.FunctionDef) else None
    if isinstance(end, ast.Return) and end.value is not None and not isinstance(end.value, ast.Name):
        return end
    return None


def _unname(tree: ast.Module) -> None:
    """Return at once what the last function names only to return it."""
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.FunctionDef) or len(last.body) < 2:
        return
    match last.body[-2:]:
        case [
            ast.Assign(targets=[ast.Name(id=name)], value=value),
            ast.Return(value=ast.Name(id=other)),
        ] if name == other:
            used = sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(last))
            if used == 2:
                last.body[-2:] = [ast.copy_location(ast.Return(value), last.body[-2])]


def _free(names: tuple[str, ...], taken: set[str]) -> tuple[str, ...]:
    """Those of the names that nothing else has, of eight or sixteen places; with a bar where it has."""
    return tuple(name + "_" * _bars(name, taken) for name in names)


def _bars(name: str, taken: set[str]) -> int:
    bars = 0
    while name + "_" * bars in taken or name + "_" * bars in _RESERVED:
        bars += 1
    return bars


def _line_starts(code: str) -> list[int]:
    """Where lines start, in bytes."""
    starts = [0]
    for line in code.encode().split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _joined(pieces: Sequence[str | int], chosen: Sequence[str]) -> str:
    return "".join([chosen[piece] if isinstance(piece, int) else piece for piece in pieces])


def _pieces(text: str) -> tuple[str | int, ...]:
    parts: list[str] = _SLOT.split(text)
    return tuple(int(part) if i % 2 else part for i, part in enumerate(parts))


def _form(text: str, count: int, whole: bool) -> tuple[str | int, ...]:
    """The pieces of the syntax tree: that with marks for names, taken apart at the marks."""
    marks = {f"Slot{i}Slot": i for i in range(count)}
    tree = parse(_SLOT.sub(r"Slot\1Slot", text))
    parts: list[str] = re.split("(Slot[0-9]+Slot)", dump(tree, whole))
    return tuple(marks.get(part, part) for part in parts)
