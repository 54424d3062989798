"""JSON as language models write it: a parser that goes on where JSON would stop, and says what it forgave.

It reads JSON, and beyond it: comments, trailing and missing commas, single and typographic quotes, keys and
words without quotes, Python's and JavaScript's literals, line breaks and quotes inside strings, and text that
ends too early. It keeps a stack of its own and looks at each character a bounded number of times, so that
neither depth nor length can hurt it.
"""

import re
from typing import Any, Final

MAX_DEPTH: Final = 64

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[A-Za-z_$][\w$.-]*")
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*)?\.?\d+(?:[eE][-+]?\d+)?|[-+]?\d+\.")
_LITERALS: Final[dict[str, Any]] = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
    "undefined": None,
}
_ESCAPES: Final = {
    "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", '"': '"', "'": "'",
}  # fmt: skip
_QUOTES: Final = {'"': '"', "'": "'", "`": "`", "“": "”", "”": "”", "„": "”“", "‘": "’", "’": "’"}
_STOPS = {quote: re.compile(r"[\\\n" + re.escape(ends) + "]") for quote, ends in _QUOTES.items()}
_HEX = {"x": 2, "u": 4, "U": 8}


class Unreadable(ValueError):
    """Text that cannot be read as a value, with the place where reading stopped."""

    def __init__(self, place: int, message: str) -> None:
        self.place = place
        super().__init__(message)


class Parser:
    """Reads one object or list out of a text.

    Attributes:
        repairs: what was forgiven, in the order in which it was met, each once.
        begun: whether a first value was read in the bracket.
        cut: whether the text ended inside a string, so that what follows may have been swallowed.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.repairs: dict[str, None] = {}
        self.begun = False
        self.cut = False

    def parse(self, start: int) -> tuple[Any, int]:
        """The value that begins at `start` with a bracket, and the place where it ends.

        Raises:
            Unreadable: if what stands there is not one.
        """
        self.at = start
        self.repairs = {}
        self.begun = self.cut = False
        stack: list[_Open] = []
        while True:
            value, opened = self._value()
            if opened:
                stack.append(_Open(value))
                if len(stack) > MAX_DEPTH:
                    raise Unreadable(self.at, f"brackets are nested more than {MAX_DEPTH} deep")
            else:
                stack[-1].put(value)
                self.begun = True
            whole = self._next(stack)
            if not stack:
                return whole, self.at

    def _value(self) -> tuple[Any, bool]:
        """A value, and whether it is a bracket that has just been opened."""
        text, at = self.text, self.at
        char = text[at]
        if char == "{" or char == "[":
            self.at += 1
            return ({} if char == "{" else []), True
        if char in _QUOTES:
            return self._string(char), False
        number = _NUMBER.match(text, at)
        if number is not None:
            self.at = number.end()
            return self._number(number[0]), False
        word = _WORD.match(text, at)
        if word is None:
            raise Unreadable(at, f"expected a value, given {char!r}")
        self.at = word.end()
        name = word[0]
        if name not in _LITERALS:
            self._forgive("put quotes around words")
            return name, False
        if name not in ("true", "false", "null"):
            self._forgive(f"read {name} as {({True: 'true', False: 'false', None: 'null'})[_LITERALS[name]]}")
        return _LITERALS[name], False

    def _next(self, stack: "list[_Open]") -> Any:
        """Go to where the next value begins, closing brackets on the way; the whole if all are closed."""
        comma = False
        while True:
            self._space()
            top = stack[-1]
            if self._over():
                return self._close_all(stack)
            char = self.text[self.at]
            if char == ",":
                if comma or top.empty:
                    self._forgive("dropped a comma that separates nothing")
                comma = True
                self.at += 1
            elif char in "}]":
                if comma:
                    self._forgive("dropped a trailing comma")
                self._close(stack, char)
                comma = False
                self.at += 1
                if len(stack) == 1 and stack[0].done:
                    return stack.pop().value
            else:
                if not (comma or top.empty):
                    self._missing_comma(top)
                if top.keyed:
                    top.key = self._key()
                    if self._over():
                        # A key without its value: the text was cut off between them.
                        return self._close_all(stack)
                return None

    def _missing_comma(self, top: "_Open") -> None:
        char = self.text[self.at]
        # After a string that ended too early prose follows; only what looks like a value may follow here.
        if char in '"“{[' or (top.keyed and _KEY.match(self.text, self.at)):
            self._forgive("put in a missing comma")
            return
        raise Unreadable(self.at, f"expected a comma or a closing bracket, given {char!r}")

    def _key(self) -> str:
        char = self.text[self.at]
        if char in _QUOTES:
            key = self._string(char)
        else:
            word = _WORD.match(self.text, self.at)
            if word is None:
                raise Unreadable(self.at, f"expected a key, given {char!r}")
            key, self.at = word[0], word.end()
            self._forgive("put quotes around keys")
        self._space()
        if self._over():
            return key
        if self.text[self.at] != ":":
            raise Unreadable(
                self.at, f"expected ':' after the key {key[:40]!r}, given {self.text[self.at]!r}"
            )
        self.at += 1
        self._space()
        return key

    def _close(self, stack: "list[_Open]", char: str) -> None:
        keyed = char == "}"
        while stack[-1].keyed != keyed:
            if not any(opened.keyed == keyed for opened in stack):
                raise Unreadable(self.at, f"{char!r} closes nothing")
            self._forgive(f"closed a bracket before {char!r}")
            self._fold(stack)
        self._fold(stack)

    def _close_all(self, stack: "list[_Open]") -> Any:
        self._forgive(f"closed {len(stack)} bracket{'s' * (len(stack) > 1)} at the end")
        while not stack[0].done:
            self._fold(stack)
        return stack.pop().value

    @staticmethod
    def _fold(stack: "list[_Open]") -> None:
        if len(stack) == 1:
            stack[0].done = True
            return
        value = stack.pop().value
        stack[-1].put(value)

    def _over(self) -> bool:
        return self.at >= len(self.text) or self.text.startswith("```", self.at)

    def _space(self) -> None:
        text = self.text
        while True:
            match = _SPACE.match(text, self.at)
            self.at = match.end() if match else self.at
            if text.startswith("//", self.at) or text.startswith("#", self.at):
                end = text.find("\n", self.at)
            elif text.startswith("/*", self.at):
                end = text.find("*/", self.at + 2)
                end = end + 2 if end >= 0 else end
            else:
                return
            self._forgive("left out comments")
            self.at = end if end >= 0 else len(text)

    def _number(self, digits: str) -> int | float:
        plain = digits.lstrip("+").replace("_", "")
        if len(plain) > 40:
            raise Unreadable(self.at, "a number is longer than 40 digits")
        try:
            return int(plain)
        except ValueError:
            return float(plain)

    def _string(self, quote: str) -> str:
        text, stop, ends = self.text, _STOPS[quote], _QUOTES[quote]
        if quote != '"':
            self._forgive(
                "read single quotes as double" if quote == "'" else f"read the quotes {quote} as double"
            )
        parts: list[str] = []
        at = self.at + 1
        while True:
            match = stop.search(text, at)
            if match is None:
                parts.append(text[at:])
                self.at, self.cut = len(text), True
                self._forgive("closed a string at the end")
                return "".join(parts)
            parts.append(text[at : match.start()])
            char, at = match[0], match.end()
            if char == "\\":
                part, at = self._escape(at)
                parts.append(part)
            elif char in ends and self._closes(at):
                self.at = at
                return "".join(parts)
            else:
                self._forgive(
                    "kept a line break inside a string" if char == "\n" else "kept quotes inside a string"
                )
                parts.append(char)

    def _closes(self, at: int) -> bool:
        """Whether a quote before `at` ends its string: only if what may follow a string follows it."""
        text = self.text
        match = _SPACE.match(text, at)
        after = match.end() if match else at
        if after >= len(text) or text[after] in ",:}]#" or text.startswith(("//", "/*", "```"), after):
            return True
        if "\n" in text[at:after]:
            return text[after] in "\"“'{["
        return after > at and _NEXT_KEY.match(text, after) is not None

    def _escape(self, at: int) -> tuple[str, int]:
        text = self.text
        char = text[at : at + 1]
        if char in _ESCAPES and char:
            return _ESCAPES[char], at + 1
        if char == "\n":
            return "", at + 1
        size = _HEX.get(char)
        if size is not None:
            code = _code(text[at + 1 : at + 1 + size], size)
            if code is not None and 0xD800 <= code < 0xDC00 and text.startswith("\\u", at + 5):
                low = _code(text[at + 7 : at + 11], 4)
                if low is not None and 0xDC00 <= low < 0xE000:
                    return chr(0x10000 + ((code - 0xD800) << 10) + low - 0xDC00), at + 11
            if code is not None and code < 0x110000:
                return ("�" if 0xD800 <= code < 0xE000 else chr(code)), at + 1 + size
        self._forgive("kept a backslash that escapes nothing")
        return "\\" + char, at + 1

    def _forgive(self, what: str) -> None:
        self.repairs[what] = None


_KEY = re.compile(r"""["'“‘`]|[A-Za-z_$][\w$.-]*\s*:""")


_NEXT_KEY = re.compile(r"""["'“][\w-]{1,40}["'”]\s*:""")


class _Open:
    """A bracket that is not closed yet, and what stands in it so far."""

    __slots__ = ("done", "empty", "key", "keyed", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.keyed = isinstance(value, dict)
        self.key = ""
        self.empty = True
        self.done = False

    def put(self, value: Any) -> None:
        self.empty = False
        if self.keyed:
            self.value[self.key] = value
        else:
            self.value.append(value)


def _code(digits: str, size: int) -> int | None:
    if len(digits) != size:
        return None
    try:
        return int(digits, 16)
    except ValueError:
        return None
