"""Drawings show every role, whatever the template; what they look like is for the eye."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mas2_env.system.draw import draw_array, draw_mermaid, draw_png, draw_svg, draw_text
from mas2_env.system.layout import ANSWER, arrange
from mas2_env.system.model import Assignment, Debate, Role, Send, System, Template, Vote
from mas2_env.system.scene import METRICS, Box, Label, build, text_width

LAW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
SVG = "{http://www.w3.org/2000/svg}"


def pair() -> System:
    template = Template(
        (Role("writer", tools=("python",)), Role("critic", copies=1)), (Send("writer", "critic"),), "critic"
    )
    return System(template, Assignment({"writer": "small", "critic": "large"}))


def test_a_terminal_drawing():
    assert draw_text(pair()) == "\n".join(
        [
            "  ┌───────────────┐       ┏━━━━━━━━━━━━━━━┓",
            "  │ writer        │──────▶┃ critic        ┃──────▶ answer",
            "  │ solve · small │       ┃ solve · large ┃",
            "  │ python        │       ┃               ┃",
            "  └───────────────┘       ┗━━━━━━━━━━━━━━━┛",
            "",
            "send     writer → critic",
            "answer   critic",
        ]
    )


def test_a_terminal_drawing_that_would_be_too_wide_is_a_list(kit):
    system = kit.staffed(kit.teams["big"])
    text = draw_text(system, width=80)
    assert "┌" not in text
    assert all(role.name in text for role in system.template.roles)
    assert "fact_checker       verify     small   search, python" in text
    assert "critique fact_checker reviews writer · up to 2×" in text
    assert "┌" in draw_text(system, width=500)


def test_a_mermaid_flowchart():
    names = ("a", "b")
    template = Template(
        (Role("a"), Role("b"), Role("v", "vote")), (Debate(names, rounds=2), Vote(names, "v")), "v"
    )
    assert draw_mermaid(System(template, Assignment({"a": "gpt-x", "b": "q<3>"})), {"a": "failed"}) == (
        "flowchart LR\n"
        '    subgraph d0["debate · 2 rounds"]\n'
        '        r0["<b>a</b><br>solve · gpt-x"]\n'
        '        r1["<b>b</b><br>solve · q#60;3#62;"]\n'
        "    end\n"
        '    r2["<b>v</b><br>vote"]\n'
        "    answer([answer])\n"
        "    r0 -.->|vote| r2\n"
        "    r1 -.->|vote| r2\n"
        "    r2 ==> answer\n"
        "    classDef failed stroke:#d1242f,stroke-width:2px\n"
        "    class r0 failed\n"
    )


def test_the_svg_shows_roles_backbones_tools_and_copies(team, kit):
    root = ET.fromstring(draw_svg(kit.staffed(team)))
    texts = [element.text for element in root.iter(f"{SVG}text")]
    for role in team.roles:
        assert role.name in texts
        assert not role.tools or ", ".join(role.tools) in texts
        assert role.copies == 1 or f"×{role.copies}" in texts
    assert "answer" in texts


def test_no_card_overlaps_another_and_labels_keep_to_their_cards(team, kit):
    scene = build(kit.staffed(team))
    cards = [
        m for m in scene.marks if isinstance(m, Box) and m.fill == "card" and m.stroke and m.thickness > 1.1
    ]
    assert len(cards) == len(team.roles)
    for a, b in combinations(cards, 2):
        apart = a.x + a.width < b.x or b.x + b.width < a.x or a.y + a.height < b.y or b.y + b.height < a.y
        assert apart
    for mark in scene.marks:
        if isinstance(mark, Label):
            width = text_width(mark.text, mark.size)
            left = mark.x - {"start": 0.0, "middle": width / 2, "end": width}[mark.anchor]
            assert 0 <= left <= left + width <= scene.width
            assert 0 < mark.y < scene.height


def test_wires_lead_from_left_to_right_in_valid_teams(team):
    layout = arrange(team, METRICS)
    assert not layout.loose
    for chain in layout.chains:
        start, end = chain.items[0].members[0], chain.items[-1].members[0]
        assert layout.column[end] - layout.column[start] == len(chain.items) - 1
    assert layout.column[ANSWER] == len(layout.columns) - 1


def test_png_and_array(kit):
    system = kit.staffed(kit.teams["debate"])
    png = draw_png(system, {"debater1": "failed"}, scale=1.0)
    assert png.startswith(b"\x89PNG")
    array = draw_array(system, 320, 200)
    assert array.shape == (200, 320, 3)
    assert array.dtype == np.uint8
    assert array.std() > 5
    assert np.array_equal(array, draw_array(system, 320, 200))
    dark = draw_array(system, 320, 200, theme="dark")
    assert dark.mean() < 60 < 200 < array.mean()


def test_status_changes_the_drawing(kit):
    system = kit.staffed(kit.teams["coding"])
    looks = {draw_svg(system, {"planner": state}) for state in ("waiting", "done", "failed", "skipped")}
    assert len(looks) == 4
    assert "planner ✗" in draw_text(system, {"planner": "failed"}, width=200)


@pytest.mark.parametrize("size", [(1, 1), (7, 400), (400, 7)])
def test_arrays_of_odd_sizes(kit, size):
    assert draw_array(kit.teams["coding"], *size).shape == (size[1], size[0], 3)


def test_arrays_of_no_size_are_refused(kit):
    with pytest.raises(ValueError, match="at least 1 by 1"):
        draw_array(kit.teams["coding"], 0, 10)


@LAW
@given(data=st.data())
def test_any_system_can_be_drawn(kit, data):
    system = data.draw(kit.systems)
    ET.fromstring(draw_svg(system))
    assert draw_mermaid(system).startswith("flowchart LR\n")
    assert "\x00" not in draw_text(system)
    assert draw_array(system, 60, 40).shape == (40, 60, 3)


def test_names_that_are_no_names_do_not_break_the_drawing():
    system = System(
        Template((Role('<a> & "b"\x00'), Role("漢字" * 30)), (Send("x", "y"),), "漢字" * 30), Assignment({})
    )
    ET.fromstring(draw_svg(system))
    assert "\x00" not in draw_text(system)
    draw_mermaid(system)
    draw_array(system, 80, 80)


def test_pillow_is_imported_only_when_something_is_drawn():
    code = "import sys, mas2_env.system.draw; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_card_has_room_for_what_it_was_made_for():
    """Rounding once cut names off in cards of exactly their width."""
    from mas2_env.pool import load_pool

    for backbone in load_pool("default").backbones:
        for kind in ("solve", "critique", "summarise"):
            system = System(Template((Role("a", kind),), (), "a"), Assignment({"a": backbone}))
            assert "…" not in draw_svg(system), (kind, backbone)
