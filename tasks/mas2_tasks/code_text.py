"""Reading code out of replies, and forms in which equal programs are equal."""

import ast
import re
import threading
from functools import lru_cache

from mas2_tasks.code_mutants import parse

_FENCE = re.compile(r"```[ \t]*([A-Za-z0-9_+-]*)[ \t]*\r?\n(.*?)(?:\n[ \t]*```|\Z)", re.DOTALL)
_CODE_LINE = re.compile(
    r"\s*(?:(?:async )?def \w+\s*\(|class \w+.*:|@\w|from [\w.]+ import |import \w|return\b|raise \w|pass$|\#"
    r"|\"\"\"|'''|(?:for|while|if|with|try|match)\b.*:\s*(?:\#.*)?$"
    r"|[A-Za-z_][\w.\[\], ]*(?:\s*:\s*[\w\[\], ]+)?\s*[-+*/%|&]?=[^=])"
)
_parsing = threading.Lock()  # silencing warnings is not thread-safe


def find_code(text: str) -> str | None:
    """The last block fenced as Python, else the last fenced block, else the whole text if it is code."""
    start = text.rfind("```python\n")
    if start >= 0 and text.count("```") == 2:  # the usual reply, ten times faster than the expression below
        end = text.find("\n```", start + 9)
        if text[start + 10 : max(end, 0)].strip():
            return text[start + 10 : end]
    marked = bare = None
    for match in _FENCE.finditer(text):
        if match[1].lower() in ("python", "py", "python3"):
            marked = match[2]
        else:
            bare = match[2]
    found = marked if marked is not None else bare
    if found is not None:
        return found if found.strip() else None
    first = next((line for line in text.split("\n") if line.strip()), "")
    return text if _CODE_LINE.match(first) else None


@lru_cache(maxsize=20_000)
def normal_form(code: str, whole: bool = False) -> str:
    """The syntax tree without comments, docstrings and layout; without one, the text without white space.

    A program whose only statement beside imports from `typing` is one function stands for that function's
    body, so that a completion and the whole function are the same answer, unless answers are always `whole`.
    """
    for source in (code, f"def _():\n{code}"):
        try:
            with _parsing:
                tree = parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return dump(tree, whole)
    return "".join(code.split())


def dump(tree: ast.Module, whole: bool) -> str:
    """The form of a syntax tree, which loses its docstrings; see `normal_form` for `whole`."""
    nodes: list[ast.stmt] = [node for node in tree.body if whole or not _is_typing(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) and _is_text(node.body[0]):
            node.body = node.body[1:]
    if not whole and len(nodes) == 1 and isinstance(nodes[0], ast.FunctionDef):
        nodes = nodes[0].body
    return "\n".join(ast.dump(node) for node in nodes)


def _is_typing(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "typing"


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
