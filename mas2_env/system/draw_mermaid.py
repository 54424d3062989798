"""Systems as Mermaid flowcharts."""

from collections.abc import Mapping

from mas2_env.system.layout import ANSWER, Wire, debate_title, wires
from mas2_env.system.model import Debate, Role, System, Template

_CLASSES = {
    "done": "stroke:#16883f,stroke-width:2px",
    "failed": "stroke:#d1242f,stroke-width:2px",
    "waiting": "stroke-dasharray:4 3",
    "skipped": "stroke-dasharray:1 3",
}


def draw_mermaid(system: System | Template, status: Mapping[str, str] | None = None) -> str:
    """A Mermaid flowchart; `status` as for `draw_svg`."""
    template = system.template if isinstance(system, System) else system
    backbones = system.assignment.backbones if isinstance(system, System) else {}
    status = status or {}
    ids = {role.name: f"r{i}" for i, role in enumerate(template.roles)} | {ANSWER: "answer"}
    lines = ["flowchart LR"]
    framed: set[str] = set()
    for number, channel in enumerate(template.channels):
        if isinstance(channel, Debate):
            members = [
                role for role in template.roles if role.name in channel.roles and role.name not in framed
            ]
            framed.update(role.name for role in members)
            ids[f"debate {number}"] = f"d{number}"
            lines.append(f'    subgraph d{number}["{debate_title(channel)}"]')
            lines += [f"        {_node(role, ids, backbones)}" for role in members]
            lines.append("    end")
    lines += [f"    {_node(role, ids, backbones)}" for role in template.roles if role.name not in framed]
    found = wires(template)
    if template.output in ids:
        lines.append("    answer([answer])")
    lines += [f"    {ids[wire.source]} {_link(wire)} {ids[wire.target]}" for wire in found]
    for state, style in _CLASSES.items():
        members_in = [ids[role.name] for role in template.roles if status.get(role.name) == state]
        if members_in:
            lines += [f"    classDef {state} {style}", f"    class {','.join(members_in)} {state}"]
    return "\n".join(lines) + "\n"


def _node(role: Role, ids: Mapping[str, str], backbones: Mapping[str, str]) -> str:
    copies = f" ×{role.copies}" if role.copies > 1 else ""
    backbone = f" · {_quote(backbones[role.name])}" if role.name in backbones else ""
    tools = f"<br>{_quote(', '.join(role.tools))}" if role.tools else ""
    return f'{ids[role.name]}["<b>{_quote(role.name)}</b>{copies}<br>{role.kind}{backbone}{tools}"]'


def _link(wire: Wire) -> str:
    label = f"|{wire.kind} · {wire.label}|" if wire.label else f"|{wire.kind}|" if wire.kind == "vote" else ""
    arrow = {"vote": "-.->", "route": "-.->", "answer": "==>"}.get(wire.kind, "-->")
    return ("<" + arrow if wire.both else arrow) + label


def _quote(text: str) -> str:
    """Text as Mermaid shows it: everything but plain letters, digits and spaces as a code."""
    return "".join(c if c.isalnum() or c in " _-.,/·" else f"#{ord(c)};" for c in text)
