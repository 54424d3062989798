"""The semantics of every kind of channel, as examples."""

from mas2_env import Critique, Debate, Role, Route, Send, Template, Vote
from mas2_env.execution.drive import run_sync


def messages(backend, turn):
    """What a turn was given: (sender, relation) pairs."""
    (call,) = [c for c in backend.calls if c.turn.id == turn]
    return [(m.sender, m.relation) for m in call.messages]


def test_a_single_call_is_one_turn(begin, scripted):
    backend = scripted(lambda call: "Answer: 4")
    episode = begin(Template((Role("solver"),), output="solver"))
    run_sync(episode, backend)
    assert backend.asked() == ["solver#0@0/0"]
    assert episode.outcome.kind == "success"
    assert episode.outcome.cost == 100 * 100 + 10 * 400


def test_send_hands_over_the_final_output(begin, scripted):
    backend = scripted(lambda call: f"{call.turn.role} speaks. Answer: 4")
    episode = begin(
        Template((Role("planner", "plan"), Role("solver")), (Send("planner", "solver"),), "solver")
    )
    run_sync(episode, backend)
    assert backend.asked() == ["planner#0@0/0", "solver#0@0/0"]
    assert messages(backend, "solver#0@0") == [("planner#0@0", "input")]
    assert backend.calls[1].messages[0].text == "planner speaks. Answer: 4"


def test_copies_are_independent_and_all_are_sent(begin, scripted):
    backend = scripted(lambda call: f"Answer: {call.turn.copy}")
    episode = begin(
        Template((Role("solver", copies=3), Role("judge", "judge")), (Send("solver", "judge"),), "judge")
    )
    run_sync(episode, backend)
    assert messages(backend, "judge#0@0") == [(f"solver#{i}@0", "input") for i in range(3)]
    assert len({call.key for call in backend.calls}) == 4


def test_debaters_see_each_others_last_answers(begin, scripted):
    backend = scripted(lambda call: f"Answer: {call.turn.role}{call.turn.round}")
    template = Template((Role("a"), Role("b"), Role("c")), (Debate(("a", "b"), 2), Send("a", "c")), "c")
    run_sync(begin(template), backend)
    assert backend.asked()[:6] == ["a#0@0/0", "b#0@0/0", "a#0@1/0", "b#0@1/0", "a#0@2/0", "b#0@2/0"]
    assert messages(backend, "a#0@1") == [("a#0@0", "own"), ("b#0@0", "peer")]
    assert messages(backend, "b#0@2") == [("b#0@1", "own"), ("a#0@1", "peer")]
    assert messages(backend, "c#0@0") == [("a#0@2", "input")]


def test_a_debate_with_a_quorum_stops_when_enough_agree(begin, scripted):
    answers = {"a": "4", "b": "4", "c": "5"}
    backend = scripted(lambda call: f"Answer: {answers[call.turn.role] if call.turn.round == 0 else 4}")
    team = (Role("a"), Role("b"), Role("c"), Role("v", "vote"))

    def calls(quorum):
        backend.calls.clear()
        channels = (Debate(("a", "b", "c"), 3, quorum=quorum), Vote(("a", "b", "c"), "v"))
        run_sync(begin(Template(team, channels, "v")), backend)
        return len(backend.calls)

    assert calls(0.6) == 3  # two of three agree at once
    assert calls(0.7) == 6  # all agree after one round
    assert calls(None) == 12


def test_a_ranker_keeps_the_best_participants(begin, scripted):
    def script(call):
        return "c, then a#1" if call.turn.purpose == "rank" else f"Answer: {call.turn.id}"

    backend = scripted(script)
    team = (Role("a", copies=2), Role("c"), Role("r", "rank"), Role("v", "vote"))
    channels = (Debate(("a", "c"), 2, ranker="r", keep=2), Vote(("a", "c"), "v"))
    run_sync(begin(Template(team, channels, "v"), budget=1000.0), backend)
    assert backend.asked() == [
        "a#0@0/0", "a#1@0/0", "c#0@0/0",
        "a#0@1/0", "a#1@1/0", "c#0@1/0",
        "r#0@0/0",
        "a#1@2/0", "c#0@2/0",
    ]  # fmt: skip
    (ranking,) = [c for c in backend.calls if c.turn.purpose == "rank"]
    assert ranking.turn.options == ("a#0", "a#1", "c")
    assert messages(backend, "c#0@2") == [("c#0@1", "own"), ("a#1@1", "peer")]


def test_a_critique_sends_back_until_the_reviewer_approves(begin, scripted):
    def script(call):
        if call.turn.purpose == "review":
            return "REVISE: off by one" if call.turn.round == 0 else "APPROVE"
        return "Answer: 4" if call.turn.purpose == "revise" else "Answer: 5"

    backend = scripted(script)
    template = Template(
        (Role("author"), Role("critic", "critique")), (Critique("author", "critic", 3),), "author"
    )
    episode = begin(template)
    run_sync(episode, backend)
    assert backend.asked() == ["author#0@0/0", "critic#0@0/0", "author#0@1/0", "critic#0@1/0"]
    assert messages(backend, "author#0@1") == [("author#0@0", "own"), ("critic#0@0", "review")]
    assert episode.outcome.answer == "4"


def test_after_the_last_revision_nobody_reviews(begin, scripted):
    backend = scripted(lambda call: "revise it" if call.turn.purpose == "review" else "Answer: 4")
    template = Template(
        (Role("author"), Role("critic", "critique")), (Critique("author", "critic", 2),), "author"
    )
    run_sync(begin(template), backend)
    assert [call.turn.purpose for call in backend.calls] == ["draft", "review", "revise", "review", "revise"]


def test_a_vote_takes_the_plurality_without_a_model_call(begin, scripted):
    backend = scripted(lambda call: f"Answer: {[4, 5, 4][call.turn.copy]}")
    template = Template((Role("s", copies=3), Role("v", "vote")), (Vote(("s",), "v"),), "v")
    episode = begin(template)
    run_sync(episode, backend)
    assert len(backend.calls) == 3
    assert episode.outcome.answer == "4"


def test_a_tied_vote_goes_to_the_first_answer(begin, scripted):
    backend = scripted(lambda call: f"Answer: {[7, 4][call.turn.copy]}")
    episode = begin(Template((Role("s", copies=2), Role("v", "vote")), (Vote(("s",), "v"),), "v"))
    run_sync(episode, backend)
    assert episode.outcome.answer == "7"


def test_a_route_runs_what_its_source_names_and_bypasses_the_rest(begin, scripted):
    backend = scripted(
        lambda call: "hard, please" if call.turn.purpose == "route" else f"Answer: {call.turn.role}"
    )
    team = (Role("router", "route"), Role("easy"), Role("hard"), Role("polish"), Role("v", "vote"))
    channels = (Route("router", ("easy", "hard")), Send("easy", "polish"), Vote(("polish", "hard"), "v"))
    episode = begin(Template(team, channels, "v"))
    run_sync(episode, backend)
    assert backend.asked() == ["router#0@0/0", "hard#0@0/0"]  # `polish` is fed by nobody and is bypassed too
    assert episode.outcome.answer == "hard"


def test_a_route_that_names_nobody_takes_the_first_target(begin, scripted):
    backend = scripted(lambda call: "I cannot say." if call.turn.purpose == "route" else "Answer: 4")
    template = Template(
        (Role("router", "route"), Role("x"), Role("y"), Role("v", "vote")),
        (Route("router", ("x", "y")), Vote(("x", "y"), "v")),
        "v",
    )
    run_sync(begin(template), backend)
    assert backend.asked() == ["router#0@0/0", "x#0@0/0"]


def test_a_ranker_whose_other_senders_are_passed_over_still_ranks(begin, scripted):
    def script(call):
        match call.turn.purpose:
            case "route":
                return "b"
            case "rank":
                return "d"
        return f"Answer: {call.turn.id}"

    team = (
        Role("router", "route"),
        Role("x"),
        Role("b"),
        Role("c"),
        Role("d"),
        Role("r", "rank"),
        Role("v", "vote"),
    )
    channels = (
        Route("router", ("x", "b")),
        Send("x", "r"),
        Debate(("b", "c", "d"), 2, ranker="r", keep=1),
        Vote(("b", "c", "d"), "v"),
    )
    backend = scripted(script)
    run_sync(begin(Template(team, channels, "v"), budget=1000.0), backend)
    assert [call.id for call in backend.calls[-2:]] == ["r#0@0/0", "d#0@2/0"]
