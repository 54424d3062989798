"""Reading code out of replies and prompts."""

import ast
import re
import threading
from functools import lru_cache

from mas2_tasks.humaneval_mutants import parse

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
def normal_form(code: str) -> str:
    """The syntax tree without comments, docstrings and layout; without one, the text without white space.

    A program whose only statement beside imports from `typing` is one function stands for that function's
    body, so that a completion and the whole function are the same answer.
    """
    for source in (code, f"def _():\n{code}"):
        try:
            with _parsing:
                tree = parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return _dump(tree)
    return "".join(code.split())


def _dump(tree: ast.Module) -> str:
    nodes: list[ast.stmt] = [node for node in tree.body if not _is_typing(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) and _is_text(node.body[0]):
            node.body = node.body[1:]
    if len(nodes) == 1 and isinstance(nodes[0], ast.FunctionDef):
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


def find_examples(prompt: str, entry: str) -> tuple[tuple[str, str], ...]:
    """Calls of `entry` in the prompt with the literal each should give, as doctests or like `f(1) == 2`."""
    found: dict[str, str] = {}
    lines = [line.strip() for line in prompt.split("\n")]
    means = r"==>|==|=>|➞|->|→|=|returns|should return"
    shown = re.compile(rf"({re.escape(entry)}\(.*\))\s*(?:{means})\s*(.+)")
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith(">>>"):
            call, expected = line[3:].strip(), following
        elif match := shown.search(line):
            call, expected = match[1], match[2]
        else:
            continue
        if _is_call(call, entry) and _is_literal(expected):
            found.setdefault(call, expected)
    return tuple(found.items())


def _is_call(text: str, entry: str) -> bool:
    try:
        node = ast.parse(text, mode="eval").body
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == entry):
            return False
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            ast.literal_eval(argument)
    except (SyntaxError, ValueError, TypeError):
        return False
    return True


def _is_literal(text: str) -> bool:
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError):
        return False
    return isinstance(value, tuple) or not text.startswith("(")  # ("x") may mean a string or a tuple
