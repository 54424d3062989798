"""Systems in box-drawing characters, for terminals."""

from collections.abc import Mapping
from unicodedata import east_asian_width

from mas2_env.system.layout import ANSWER, Chain, Item, Metrics, arrange, debate_title
from mas2_env.system.model import Critique, Debate, Role, Route, Send, System, Template, Vote

_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_LINES = " ╵╷│╴┘┐┤╶└┌├─┴┬┼"
_MARKS = {"done": "✓", "failed": "✗", "waiting": "…", "skipped": "–"}
_NARROWEST, _WIDEST = 12, 30
_FRAME = 2


def draw_text(system: System | Template, status: Mapping[str, str] | None = None, *, width: int = 120) -> str:
    """A drawing of at most `width` columns, and below it the channels in words.

    Where the drawing would be wider, a list of the roles stands in its place. `status` marks roles that are
    `done`, `failed`, `waiting` or `skipped`.
    """
    template = system.template if isinstance(system, System) else system
    backbones = system.assignment.backbones if isinstance(system, System) else {}
    sheet = _Sheet(template, backbones, status or {})
    drawing = sheet.draw()
    if max(map(len, drawing), default=0) > width:
        drawing = _roster(template, backbones, status or {})
    return "\n".join([*drawing, "", *_words(template)]).rstrip()


def _clean(text: str) -> str:
    return "".join(c if c.isprintable() and east_asian_width(c) not in "WF" else "?" for c in text)


def _cut(text: str, room: int) -> str:
    text = _clean(text)
    return text if len(text) <= room else text[: room - 1] + "…"


class _Sheet:
    """A grid of characters, and over it the lines that meet in each cell."""

    def __init__(self, template: Template, backbones: Mapping[str, str], status: Mapping[str, str]) -> None:
        self.template = template
        self.status = status
        self.backbones = backbones
        tall = 5 if any(role.tools for role in template.roles) else 4
        self.card = tall
        self.layout = arrange(template, Metrics(card=tall, port=1.5, gap=1, title=1, pad=1, lane=1, answer=1))
        rows = [line for role in template.roles for line in self._lines(role)]
        titles = [item.title for items in self.layout.columns for item in items if item.title]
        self.wide = min(
            max([_NARROWEST, *map(len, rows), *(len(title) - 3 for title in titles)]) + 4, _WIDEST + 4
        )
        self.cells: dict[tuple[int, int], str] = {}
        self.lines: dict[tuple[int, int], int] = {}

    def _lines(self, role: Role) -> list[str]:
        copies = f" ×{role.copies}" if role.copies > 1 else ""
        mark = f" {_MARKS[self.status[role.name]]}" if self.status.get(role.name) in _MARKS else ""
        backbone = self.backbones.get(role.name)
        second = f"{role.kind} · {backbone}" if backbone else str(role.kind)
        third = [", ".join(role.tools)] if self.card > 4 else []
        room = _WIDEST - len(copies) - len(mark)
        return [_cut(role.name, room) + copies + mark, *(_cut(line, _WIDEST) for line in (second, *third))]

    def draw(self) -> list[str]:
        if not self.template.roles:
            return []
        lefts = self._tracks()
        for layer, items in enumerate(self.layout.columns):
            for item in items:
                if item.frame:
                    self._frame(item, lefts[layer])
        for role in self.template.roles:
            x, y = lefts[self.layout.column[role.name]], self.layout.tops[role.name]
            self._card(role, x, y)
        if ANSWER in self.layout.tops:
            self._write(lefts[-1], self.layout.tops[ANSWER], " answer")
        places = {
            **self.cells,
            **{at: _LINES[mask] for at, mask in self.lines.items() if at not in self.cells},
        }
        width = max(x for x, _ in places) + 1
        height = max(y for _, y in places) + 1
        return ["".join(places.get((x, y), " ") for x in range(width)).rstrip() for y in range(height)]

    def _row(self, chain: Chain, step: int) -> int:
        item = chain.items[step]
        name = chain.wire.source if step == 0 else chain.wire.target if step == len(chain.items) - 1 else ""
        if name in self.layout.tops and name != ANSWER:
            return self.layout.tops[name] + 1
        # A debate as a whole is met at its title, clear of its participants' own wires.
        return item.top if item.frame else int(item.centre)

    def _tracks(self) -> list[int]:
        """Route every wire through the gutters; gives the left edges of the layers."""
        spans: list[list[tuple[int, int, Chain, int]]] = [[] for _ in self.layout.columns]
        for chain in self.layout.chains:
            first = self.layout.column[chain.items[0].members[0]]
            for step in range(len(chain.items) - 1):
                spans[first + step].append((self._row(chain, step), self._row(chain, step + 1), chain, step))
        lefts = [_FRAME]
        for layer in range(len(self.layout.columns) - 1):
            begin = lefts[-1] + self.wide
            keys = self._keys(spans[layer])
            tracks = {key: begin + _FRAME + 2 + 2 * i for i, key in enumerate(keys)}
            left = begin + 2 * _FRAME + 3 + 2 * len(keys)
            for span in spans[layer]:
                self._route(span, begin, left, tracks)
            lefts.append(left)
        return lefts

    @staticmethod
    def _key(span: tuple[int, int, Chain, int], spans: list[tuple[int, int, Chain, int]]) -> tuple[str, int]:
        """Wires share a vertical line if they leave one row, or else if they lead to one row."""
        leaving = sum(other[0] == span[0] for other in spans)
        return ("from", span[0]) if leaving > 1 else ("to", span[1])

    def _keys(self, spans: list[tuple[int, int, Chain, int]]) -> list[tuple[str, int]]:
        bent = [span for span in spans if span[0] != span[1] or self._key(span, spans)[0] == "from"]
        return list(dict.fromkeys(self._key(span, spans) for span in sorted(bent, key=lambda span: span[:2])))

    def _route(
        self, span: tuple[int, int, Chain, int], begin: int, left: int, tracks: Mapping[tuple[str, int], int]
    ) -> None:
        before, after, chain, step = span
        spans = [span]
        track = tracks.get(("from", before)) or tracks.get(self._key(span, spans), begin + _FRAME + 1)
        start = begin
        if step == 0 and chain.wire.source not in self.layout.tops:
            start += _FRAME
        if step > 0:
            start -= self.wide
        self._across(start, track, before, _LEFT)
        self._down(track, before, after)
        last = step == len(chain.items) - 2
        self._across(track, left - 1, after, _RIGHT)
        if last:
            self.cells[left - 1, after] = "▶"
        if chain.wire.both and step == 0:
            self.cells[start, before] = "◀"

    def _across(self, x0: int, x1: int, y: int, beyond: int) -> None:
        """A level line whose `beyond` end meets something."""
        for x in range(x0, x1 + 1):
            mask = (_LEFT if x > x0 else beyond & _LEFT) | (_RIGHT if x < x1 else beyond & _RIGHT)
            self.lines[x, y] = self.lines.get((x, y), 0) | mask

    def _down(self, x: int, y0: int, y1: int) -> None:
        low, high = min(y0, y1), max(y0, y1)
        for y in range(low, high + 1):
            mask = (_UP if y > low else 0) | (_DOWN if y < high else 0)
            self.lines[x, y] = self.lines.get((x, y), 0) | mask

    def _write(self, x: int, y: int, text: str) -> None:
        for i, char in enumerate(text):
            self.cells[x + i, y] = char

    def _card(self, role: Role, x: int, y: int) -> None:
        inner = self.wide - 2
        output = role.name == self.template.output
        corners = "┏━┓┃┗━┛" if output else "┌─┐│└─┘"
        self._write(x, y, corners[0] + corners[1] * inner + corners[2])
        for i, line in enumerate(self._lines(role), 1):
            self._write(x, y + i, f"{corners[3]} {line.ljust(inner - 1)}{corners[3]}")
        self._write(x, y + self.card - 1, corners[4] + corners[5] * inner + corners[6])

    def _frame(self, item: Item, x: int) -> None:
        left, right = x - _FRAME, x + self.wide + _FRAME - 1
        title = f"╭╌ {_cut(item.title, right - left - 4)} "
        self._write(left, item.top, title + "╌" * (right - left - len(title)) + "╮")
        for y in range(item.top + 1, item.top + item.height - 1):
            for edge in (left, right):
                if (edge, y) not in self.lines:
                    self.cells[edge, y] = "┆"
        bottom = "╰" + "╌" * (right - left - 1) + "╯"
        self._write(left, item.top + item.height - 1, bottom)


def _roster(template: Template, backbones: Mapping[str, str], status: Mapping[str, str]) -> list[str]:
    """Roles one below the other."""
    rows = [
        (
            *([_MARKS.get(status.get(role.name, ""), " ")] if status else []),
            _clean(role.name) + (f" ×{role.copies}" if role.copies > 1 else ""),
            str(role.kind),
            _clean(backbones.get(role.name, "")),
            _clean(", ".join(role.tools)),
        )
        for role in template.roles
    ]
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(part.ljust(room) for part, room in zip(row, wide, strict=True)).rstrip() for row in rows
    ]


def _words(template: Template) -> list[str]:
    lines: list[tuple[str, str]] = []
    sends: dict[str, list[str]] = {}
    for channel in template.channels:
        match channel:
            case Send(source, target):
                if source not in sends:
                    lines.append(("send", source))
                sends.setdefault(source, []).append(target)
            case Debate(roles=roles, ranker=ranker, keep=keep):
                ranked = f" · {ranker} ranks, {keep} go on" if ranker is not None else ""
                rest = debate_title(channel).removeprefix("debate")
                lines.append(("debate", ", ".join(roles) + rest + ranked))
            case Critique(author, reviewer, revisions):
                lines.append(("critique", f"{reviewer} reviews {author} · up to {revisions}×"))
            case Vote(sources, target):
                lines.append(("vote", f"{', '.join(sources)} → {target}"))
            case Route(source, targets, choose):
                lines.append(("route", f"{source} picks {choose} of {', '.join(targets)}"))
    lines = [(kind, f"{text} → {', '.join(sends[text])}" if kind == "send" else text) for kind, text in lines]
    lines.append(("answer", template.output or "none"))
    return [f"{kind:<9}{_clean(text)}" for kind, text in lines]
