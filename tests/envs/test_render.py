"""Drawings of an episode."""

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from mas2_env import Role, Send, Template
from mas2_env.envs.render import HEIGHT_PIXELS, WIDTH, WIDTH_PIXELS, Frame, frame_pixels, frame_text

TEMPLATE = (
    '{"roles": [{"name": "solver", "copies": 2}, {"name": "pool", "kind": "vote"}],'
    '"channels": [{"type": "vote", "sources": ["solver"], "target": "pool"}], "output": "pool"}'
)


@pytest.mark.parametrize("face", ["text_env", "array_env"])
def test_ansi_shows_where_the_episode_is(request, face):
    env = request.getfixturevalue(face)(render_mode="ansi")
    env.reset(seed=0, options={"item": 2})
    drawing = env.render()
    assert isinstance(drawing, str)
    assert "Sums · generate" in drawing
    assert "What is 2 + 2?" in drawing


def test_ansi_shows_the_system_and_the_outcome(text_env):
    env = text_env(render_mode="ansi", rectifier=False)
    env.reset(seed=0)
    env.step(TEMPLATE)
    assert "solver" in env.render()
    env.step("nonsense")
    assert "The last action was invalid" in env.render()
    env.step('{"backbones": {"solver": "large"}}')
    drawing = env.render()
    assert "large" in drawing
    assert "cost ratio" in drawing


def test_pixels_have_one_size_and_show_something(text_env):
    env = text_env(render_mode="rgb_array")
    env.reset(seed=0)
    first = env.render()
    env.step(TEMPLATE)
    second = env.render()
    assert first.shape == second.shape == (HEIGHT_PIXELS, WIDTH_PIXELS, 3)
    assert first.dtype == np.uint8
    assert (first != second).any()


def test_the_drawing_of_a_system_stays_in_its_place_while_it_runs(text_env):
    env = text_env(render_mode="rgb_array", rectifier=False)
    env.reset(seed=0)
    env.step(TEMPLATE)
    before = env.render()
    env.step('{"backbones": {"solver": "large"}}')
    after = env.render()
    rows = [np.flatnonzero((frame[200:] != 255).any(axis=(1, 2))) for frame in (before, after)]
    assert rows[0][[0, -1]].tolist() == rows[1][[0, -1]].tolist()


def test_a_long_problem_is_shown_on_two_lines(text_env):
    env = text_env(render_mode="ansi")
    env.reset(seed=0)
    env.step(TEMPLATE.replace(' {"name": "pool"', ' {"name": "idle"},{"name": "pool"'))
    lines = env.render().splitlines()
    start = next(i for i, line in enumerate(lines) if "'idle'" in line)
    assert lines[start].startswith("  $.roles[1]: nothing of 'idle' reaches the output")
    assert lines[start + 1].startswith("    ")
    assert all(len(line) <= WIDTH for line in lines)


def test_human_prints_at_each_step(text_env, capsys):
    env = text_env(render_mode="human")
    env.reset(seed=0)
    env.step(TEMPLATE)
    assert env.render() is None
    assert capsys.readouterr().out.count("── Sums") == 3


def test_rendering_without_a_mode_or_an_episode(text_env):
    with pytest.warns(UserWarning, match="without a render mode"):
        assert text_env().render() is None
    with pytest.raises(ResetNeeded):
        text_env(render_mode="ansi").render()


def test_videos_can_be_made_of_it():
    env = gymnasium.wrappers.RenderCollection(gymnasium.make("mas2/GSM8K-v0", render_mode="rgb_array"))
    env.reset(seed=0)
    env.step("nonsense")
    assert len(env.render()) == 2
    assert env.metadata["render_fps"] > 0


def test_a_role_shows_the_status_that_asks_for_most_attention():
    frame = Frame(
        stage="rectify",
        task="Sums",
        query="漢字 \ud800 é\n" * 50,
        template=Template((Role("a", copies=3), Role("b")), (Send("a", "b"),), "b"),
        assignment=None,
        statuses={"a#0@0": "done", "a#1@0": "failed", "a#2@0": "waiting", "b#0@0": "skipped"},
        spent=1,
        budget=2,
        problems=(),
        outcome=None,
    )
    assert frame.roles == {"a": "failed", "b": "skipped"}
    assert "✗" in frame_text(frame)
    assert all(len(line) <= WIDTH for line in frame_text(frame).splitlines())
    assert "more lines" in frame_text(frame)
    assert frame_pixels(frame).shape == (HEIGHT_PIXELS, WIDTH_PIXELS, 3)
