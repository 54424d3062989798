"""The examples that prompts of HumanEval show."""

import ast
import re


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
