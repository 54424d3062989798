"""A drawing as shapes, from which both the SVG and the PNG are made."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from mas2_env.system.layout import ANSWER, Chain, Item, Layout, Metrics, Wire, arrange
from mas2_env.system.model import Role, System, Template

Status: TypeAlias = Literal["waiting", "done", "failed", "skipped"]
Point: TypeAlias = tuple[float, float]

METRICS = Metrics(card=62, port=31, gap=18, title=38, pad=14, lane=8, answer=28)
MARGIN = 22
PILL = 68
FRAME = 14
LEGEND = 30

COLOURS: dict[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#0f1419"),
    "card": ("#ffffff", "#1b232c"),
    "edge": ("#c3ccd6", "#44515f"),
    "ink": ("#16202b", "#e8eef4"),
    "soft": ("#55636f", "#a4b1bd"),
    "frame": ("#f1f5fb", "#151e29"),
    "rim": ("#a9bcd8", "#3d5573"),
    "send": ("#64748b", "#8fa0b3"),
    "vote": ("#16883f", "#4cc26f"),
    "route": ("#cf5a10", "#f0914f"),
    "critique": ("#c2286f", "#f06aa8"),
    "rank": ("#9a6700", "#d9a441"),
    "answer": ("#1f5fd6", "#6ea3ff"),
    "onanswer": ("#ffffff", "#0f1419"),
    "plan": ("#7048c6", "#a58af0"),
    "solve": ("#1f5fd6", "#6ea3ff"),
    "search": ("#0787a5", "#45bfdb"),
    "code": ("#0c857a", "#3dc0b3"),
    "test": ("#5b8a0b", "#9acb45"),
    "verify": ("#b0249f", "#ea74dc"),
    "judge": ("#8a35cf", "#c084fc"),
    "summarise": ("#4a47d1", "#8f8dfa"),
    "done": ("#16883f", "#4cc26f"),
    "failed": ("#d1242f", "#ff7b72"),
    "waiting": ("#8c97a3", "#7d8894"),
    "skipped": ("#b8c0c8", "#5a6572"),
}
"""Colours by use: on light paper, on dark."""

DASHES: dict[str, tuple[float, float] | None] = {
    "send": None, "vote": (2, 4), "route": (8, 5), "critique": None, "rank": (5, 3), "answer": None,
}  # fmt: skip
NAMES = {"send": "send", "vote": "vote", "route": "route", "critique": "critique", "rank": "ranking"}


class Box(Struct, frozen=True):
    """A rectangle with round corners; `fill` and `stroke` are colours by use, empty for none."""

    x: float
    y: float
    width: float
    height: float
    radius: float
    fill: str
    stroke: str = ""
    thickness: float = 1.0
    dash: tuple[float, float] | None = None


class Curve(Struct, frozen=True):
    """A line through points, level at each of them."""

    points: tuple[Point, ...]
    colour: str
    thickness: float = 1.6
    dash: tuple[float, float] | None = None


class Shape(Struct, frozen=True):
    """A filled polygon."""

    points: tuple[Point, ...]
    colour: str


class Label(Struct, frozen=True):
    """A line of text; `y` is its middle."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False


Mark: TypeAlias = Box | Curve | Shape | Label


class Scene(Struct, frozen=True):
    """Marks in the order in which they are drawn."""

    width: float
    height: float
    marks: tuple[Mark, ...]


def text_width(text: str, size: float) -> float:
    """About how wide a text is in a common sans-serif, from mean widths of groups of letters."""
    narrow = sum(text.count(c) for c in "iljtfrI.,:;'|!()[]- ·")
    wide = sum(text.count(c) for c in "mwMW@%") + sum(ord(c) > 0x2E80 for c in text)
    return size * (0.32 * narrow + 0.9 * wide + 0.575 * (len(text) - narrow - wide))


def fit(text: str, size: float, room: float) -> str:
    """The text, or as much of it as there is room for."""
    clean = "".join(c if c.isprintable() else "�" for c in text)
    if text_width(clean, size) <= room + 0.01:  # a room made to measure may be a rounding error narrower
        return clean
    while clean and text_width(clean + "…", size) > room:
        clean = clean[:-1]
    return clean + "…"


def build(system: System | Template, status: Mapping[str, str] | None = None) -> Scene:
    """The scene of a system or a template; `status` colours roles by how far they are."""
    return _Builder(system, status or {}).scene()


class _Builder:
    def __init__(self, system: System | Template, status: Mapping[str, str]) -> None:
        template = system.template if isinstance(system, System) else system
        self.backbones = system.assignment.backbones if isinstance(system, System) else {}
        self.template = template
        self.status = status
        self.layout: Layout = arrange(template, METRICS)
        self.roles = {role.name: role for role in template.roles}
        titles = [item.title for items in self.layout.columns for item in items]
        room = [self._room(role) for role in template.roles] + [text_width(title, 11.5) for title in titles]
        self.card = min(max([132.0, *room]), 216.0)
        self.left = self._lefts()
        self.marks: list[Mark] = []

    def _lefts(self) -> list[float]:
        """Left edge of the cards of each layer: gutters are as wide as what stands in them asks for."""
        first = [(self.layout.column[c.items[0].members[0]], c.wire.label) for c in self.layout.chains]
        lefts = [float(MARGIN + FRAME)]
        for layer in range(1, len(self.layout.columns)):
            wide = max(
                (text_width(label, 11) for at, label in first if label and at == layer - 1), default=0.0
            )
            lefts.append(lefts[-1] + self.card + max(wide + 62, 76.0))
        return lefts

    def _wires(self) -> list[Wire]:
        return [chain.wire for chain in self.layout.chains] + list(self.layout.loose)

    def _second(self, role: Role) -> str:
        backbone = self.backbones.get(role.name)
        return f"{role.kind} · {backbone}" if backbone else role.kind

    def _room(self, role: Role) -> float:
        first = text_width(role.name, 14) * 1.06 + (34 if role.copies > 1 else 0) + (18 if self.status else 0)
        return 32 + max(
            first, text_width(self._second(role), 11.5), text_width(", ".join(role.tools), 11.5) + 8
        )

    def _x(self, layer: int) -> float:
        return self.left[layer]

    def _y(self, top: float) -> float:
        return MARGIN + top

    def scene(self) -> Scene:
        ends = PILL if ANSWER in self.layout.tops else self.card + FRAME
        width = self.left[-1] + ends + MARGIN
        height = self.layout.height + 2 * MARGIN
        for items in self.layout.columns:
            for item in items:
                if item.frame:
                    self._frame(item)
        self._answer()
        self._connect()
        for role in self.template.roles:
            self._draw_card(role)
        kinds = list(dict.fromkeys(wire.kind for wire in self._wires() if wire.kind != "answer"))
        if kinds:
            width = max(width, self._legend(kinds, height - 4) + MARGIN)
            height += LEGEND
        return Scene(width, max(height, 60.0), tuple(self.marks))

    def _frame(self, item: Item) -> None:
        x, y = self._x(self.layout.column[item.members[0]]) - FRAME, self._y(item.top)
        width = self.card + 2 * FRAME
        self.marks.append(Box(x, y, width, item.height, 14, "frame", "rim", 1.2, (5, 4)))
        title = fit(item.title, 11.5, width - 20)
        self.marks.append(Label(x + width / 2, y + 19, title, 11.5, "soft", "middle"))

    def _answer(self) -> None:
        if ANSWER not in self.layout.tops:
            return
        x, y = self.left[-1], self._y(self.layout.tops[ANSWER])
        self.marks.append(Box(x, y, PILL, METRICS.answer, METRICS.answer / 2, "answer"))
        middle = (x + PILL / 2, y + METRICS.answer / 2)
        self.marks.append(Label(*middle, "answer", 12, "onanswer", "middle", bold=True))

    def _connect(self) -> None:
        ends: dict[tuple[str, bool], list[tuple[float, int]]] = {}
        for i, chain in enumerate(self.layout.chains):
            ends.setdefault((chain.wire.source, True), []).append((chain.items[1].centre, i))
            ends.setdefault((chain.wire.target, False), []).append((chain.items[-2].centre, i))
        labels: list[Mark] = []
        for i, chain in enumerate(self.layout.chains):
            self._wire(i, chain, ends, labels)
        for wire in self.layout.loose:
            self._loose(wire)
        self.marks += labels

    def _middle(self, name: str) -> float:
        if name == ANSWER:
            return self.layout.tops[name] + METRICS.answer / 2
        if name in self.layout.tops:
            return self.layout.tops[name] + METRICS.card / 2
        # A debate as a whole is met at its title, clear of its participants' own wires.
        return next(
            item.top + METRICS.title / 2
            for items in self.layout.columns
            for item in items
            if item.frame == name
        )

    def _port(
        self, name: str, out: bool, i: int, ends: Mapping[tuple[str, bool], list[tuple[float, int]]]
    ) -> float:
        order = [number for _, number in sorted(ends[name, out])]
        step = min(13.0, (METRICS.card - 18) / max(len(order), 1))
        offset = (order.index(i) - (len(order) - 1) / 2) * step
        return self._y(self._middle(name)) + offset

    def _wire(
        self,
        i: int,
        chain: Chain,
        ends: Mapping[tuple[str, bool], list[tuple[float, int]]],
        labels: list[Mark],
    ) -> None:
        wire = chain.wire
        first = self.layout.column[chain.items[0].members[0]]
        inset = FRAME if wire.source not in self.roles else 0
        start = (self._x(first) + self.card + inset, self._port(wire.source, True, i, ends))
        last = first + len(chain.items) - 1
        end = (self._x(last), self._port(wire.target, False, i, ends))
        points: list[Point] = [(start[0] + (7 if wire.both else 0), start[1])]
        for step, item in enumerate(chain.items[1:-1], 1):
            y = self._y(item.centre)
            points += [(self._x(first + step), y), (self._x(first + step) + self.card, y)]
        points.append((end[0] - 7, end[1]))
        thickness = 2.2 if wire.kind == "answer" else 1.7
        self.marks.append(Curve(tuple(points), wire.kind, thickness, DASHES[wire.kind]))
        self.marks.append(_arrow(end, 1, wire.kind))
        if wire.both:
            self.marks.append(_arrow(start, -1, wire.kind))
        if wire.label:
            x, y = (points[0][0] + points[1][0]) / 2, (points[0][1] + points[1][1]) / 2
            width = text_width(wire.label, 11) + 14
            labels.append(Box(x - width / 2, y - 9, width, 18, 9, "paper"))
            labels.append(Label(x, y, wire.label, 11, wire.kind, "middle"))

    def _loose(self, wire: Wire) -> None:
        if wire.source not in self.roles or wire.target not in self.roles:
            return
        start = (self._x(self.layout.column[wire.source]) + self.card / 2, self._y(self._middle(wire.source)))
        end = (self._x(self.layout.column[wire.target]) + self.card / 2, self._y(self._middle(wire.target)))
        self.marks.append(Curve((start, end), "failed", 1.7, (3, 3)))

    def _draw_card(self, role: Role) -> None:
        x, y = self._x(self.layout.column[role.name]), self._y(self.layout.tops[role.name])
        height = METRICS.card
        state = self.status.get(role.name, "")
        output = role.name == self.template.output
        edge = state if state in ("failed", "done") else "answer" if output else "edge"
        thickness = 2.2 if output or state == "failed" else 1.2
        for behind in range(min(role.copies, 3) - 1, 0, -1):
            self.marks.append(Box(x + 4 * behind, y - 4 * behind, self.card, height, 9, "card", "edge", 1.1))
        self.marks.append(Box(x, y, self.card, height, 9, "card", edge, thickness))
        faded = state in ("waiting", "skipped")
        self.marks.append(Box(x + 7, y + 9, 4, height - 18, 2, "skipped" if faded else role.kind))
        right = x + self.card - 12
        if state in ("waiting", "done", "failed", "skipped"):
            self.marks.append(Box(right - 9, y + 13, 9, 9, 4.5, state))
            right -= 17
        if role.copies > 1:
            text = f"×{role.copies}"
            self.marks.append(Label(right, y + 18, text, 12.5, role.kind, "end", bold=True))
            right -= text_width(text, 12.5) + 8
        lines = 3 if role.tools else 2
        top = y + (18 if lines == 3 else 23)
        ink = "soft" if faded else "ink"
        self.marks.append(Label(x + 20, top, fit(role.name, 14.8, right - x - 20), 14, ink, bold=True))
        room = self.card - 32
        second = fit(self._second(role), 11.5, room)
        self.marks.append(Label(x + 20, top + 17, second, 11.5, "soft"))
        if role.tools:
            tools = fit(", ".join(role.tools), 11.5, room)
            self.marks.append(Label(x + 20, top + 32, tools, 11.5, "code"))

    def _legend(self, kinds: Sequence[str], y: float) -> float:
        x = float(MARGIN + FRAME)
        for kind in kinds:
            both = kind in ("critique", "rank")
            self.marks.append(
                Curve(((x + (7 if both else 0), y + 8), (x + 31, y + 8)), kind, 1.7, DASHES[kind])
            )
            self.marks.append(_arrow((x + 38, y + 8), 1, kind))
            if both:
                self.marks.append(_arrow((x, y + 8), -1, kind))
            self.marks.append(Label(x + 45, y + 8, NAMES[kind], 11, "soft"))
            x += 45 + text_width(NAMES[kind], 11) + 24
        return x


def _arrow(tip: Point, way: int, colour: str) -> Shape:
    x, y = tip
    return Shape(((x, y), (x - 9 * way, y - 4.5), (x - 9 * way, y + 4.5)), colour)
