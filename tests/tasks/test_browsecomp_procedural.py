"""The made-up twin of BrowseComp-Plus: one answer by construction, near misses, a corpus to be searched."""

import re
from collections import Counter
from functools import reduce
from operator import and_
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mas2_tasks.browsecomp import BrowseCompPlus
from mas2_tasks.procedural.browse import ITEMS, Browsed, browsed, world_of
from mas2_tasks.procedural.browse_claims import Claims
from mas2_tasks.procedural.browse_text import document, name_of
from mas2_tasks.procedural.browse_wording import BACK, LEADS, LISTS, PHRASES
from mas2_tasks.procedural.browse_world import Closed, Thing, is_number, number_of
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.world import KINDS
from mas2_tasks.variety import measure

NAME = ("BrowseComp-Plus", "1")
TASK = BrowseCompPlus()


@pytest.fixture(scope="module")
def world() -> Closed:
    return world_of(*NAME, 0, 0)


@pytest.fixture(scope="module")
def questions() -> list[Browsed]:
    return [browsed(*NAME, 0, index) for index in range(150)]


def members(world: Closed, kind: str, mask: int) -> set[Thing]:
    return {thing for thing in world.things[kind] if mask >> thing.number & 1}


def test_a_claim_is_true_of_what_it_says_and_of_nothing_else(world: Closed) -> None:
    """Every set is compared with what enumerating the world gives."""
    for kind, things in world.things.items():
        for thing in things[:8]:
            assert members(world, kind, world.fitting(kind, "word", thing.word)) == {
                other for other in things if other.word == thing.word
            }
            low, high = thing.year - 7, thing.year + 11
            assert members(world, kind, world.within(kind, "year", low, high)) == {
                other for other in things if low <= other.year <= high
            }
            for name, value in thing.values.items():
                assert members(world, kind, world.fitting(kind, name, value)) == {
                    other for other in things if other.values[name] == value
                }
                if isinstance(value, Thing):
                    some = world.within(value.kind, "year", value.year - 9, value.year + 9)
                    assert members(world, kind, world.led_from(kind, name, value.kind, some)) == {
                        other for other in things if other.values[name] in members(world, value.kind, some)
                    }
                    back = f"~{kind}.{name}"
                    assert members(world, value.kind, world.fitting(value.kind, back, thing)) == {value}
                elif is_number(kind, name):
                    most = number_of(value)
                    assert members(world, kind, world.within(kind, name, 0, most)) == {
                        other for other in things if number_of(other.values[name]) <= most
                    }


def test_claims_are_true_of_their_thing(world: Closed) -> None:
    draw = Draw("claims")
    for kind, things in world.things.items():
        for thing in things[:15]:
            for claim in Claims(world, draw).about(thing):
                assert claim.mask >> thing.number & 1, claim.text
                assert "{" not in claim.text
                assert claim.mask < 1 << len(world.things[kind])


def test_every_question_has_one_answer_and_needs_every_claim(questions: list[Browsed]) -> None:
    for index, question in enumerate(questions):
        world = world_of(*NAME, 0, index)
        target, masks = question.target, [claim.mask for claim in question.used]
        assert members(world, target.kind, reduce(and_, masks)) == {target}
        for left_out in range(len(masks)):
            rest = members(world, target.kind, reduce(and_, masks[:left_out] + masks[left_out + 1 :]))
            assert len(rest) > 1
        answer = name_of(target.values[question.relation]) if question.relation else target.name
        assert answer == question.answer
        assert answer not in question.text
        assert answer not in question.distractors


def test_wrong_answers_fit_all_claims_but_one(questions: list[Browsed]) -> None:
    shares = []
    for index, question in enumerate(questions):
        world = world_of(*NAME, 0, index)
        masks = [claim.mask for claim in question.used]
        near: set[Thing] = set()
        for left_out in range(len(masks)):
            rest = reduce(and_, masks[:left_out] + masks[left_out + 1 :])
            near |= members(world, question.target.kind, rest) - {question.target}
        relation = question.relation
        names = {name_of(thing.values[relation]) if relation else thing.name for thing in near}
        shares.append(len(names & set(question.distractors)) / len(question.distractors))
        assert names & set(question.distractors) or names == {question.answer}
    assert mean(shares) > 0.7


def test_the_documents_tell_every_fact_in_question(questions: list[Browsed]) -> None:
    world = world_of(*NAME, 0, 0)
    texts = {told.docid: told for told in (document(world, place) for place in range(len(world.docids)))}
    for question in questions:
        assert set(question.gold) <= set(question.evidence) <= set(texts)
        assert question.gold
        assert all(question.answer in texts[docid].text for docid in question.gold)
        for step in question.steps:
            docid = re.findall(r"\[(\d+)\]\.$", step)[0]
            assert docid in question.evidence
            assert step.removesuffix(f" [{docid}].") in {t.rstrip(".") for t in texts[docid].steps.values()}


def test_documents_tell_what_they_are_to_tell(world: Closed) -> None:
    for kind, things in world.things.items():
        for thing in things[:12]:
            lead = document(world, thing.place).steps[""]
            assert str(thing.year) in lead
            assert thing.word in lead
            assert thing.name in lead
            if kind in ("person", "town", "river"):
                assert any(country in lead for country in thing.country)
            for name, value in thing.values.items():
                told = document(world, world.tells(thing, name))
                assert name_of(value) in told.steps[name]
                assert name_of(value) in told.text
    texts = [document(world, place).text for place in range(len(world.docids))]
    assert len(texts) > 4000
    assert not any("{" in text or "the the" in text.lower() for text in texts)
    assert len(set(world.docids)) == len(texts)


def test_lists_name_all_that_a_relation_leads_from(world: Closed) -> None:
    for way, headings in LISTS.items():
        kind, relation = way.split(".")
        assert all("{s}" in heading for heading in headings)
        for thing in world.things[kind]:
            place = world.listed.get((thing, relation))
            about = thing.values[relation]
            sharing = [other for other in world.things[kind] if other.values[relation] is about]
            assert (place is None) == (len(sharing) == 1)
            if place is not None:
                text = document(world, place).text
                assert thing.name in text
                assert name_of(about) in text.partition("\n")[0]
                assert len(text.split()) < 200


def test_tables_speak_of_relations_that_there_are() -> None:
    assert set(LEADS) == set(PHRASES) <= set(KINDS)
    for kind, facts in PHRASES.items():
        assert set(facts) <= {*KINDS[kind].relations, "year", "country"}
        assert all("{o}" in phrase for phrases in facts.values() for phrase in phrases)
    for kind, ways in BACK.items():
        for way, phrases in ways.items():
            other, relation = way.split(".")
            assert KINDS[other].relations[relation].to == kind
            assert all("{o}" in phrase for phrase in phrases)


def test_items_of_a_block_ask_about_different_things_and_never_repeat() -> None:
    block = [browsed(*NAME, 0, index) for index in range(ITEMS)]
    assert len({id(question.target) for question in block}) == ITEMS
    other = [browsed(*NAME, 0, index) for index in range(ITEMS, 2 * ITEMS)]
    assert len({question.text for question in block + other}) == 2 * ITEMS


def test_names_to_search_for_belong_to_one_block_alone() -> None:
    def coined(block: int) -> set[str]:
        world = world_of(*NAME, 0, block * ITEMS)
        values = (value for things in world.things.values() for t in things for value in t.values.items())
        return {
            v for name, v in values if isinstance(v, str) and name in ("prize", "region", "source", "mouth")
        }

    assert not coined(0) & coined(1)


def test_questions_are_many_sided(questions: list[Browsed]) -> None:
    """As the published ones: about six documents of evidence, several claims, most about people."""
    assert 5.0 < mean(len(question.evidence) for question in questions) < 8.5
    assert mean(len(question.gold) for question in questions) > 1.8
    assert {question.claims for question in questions} >= {3, 4, 5}
    kinds = Counter(question.target.kind for question in questions)
    assert kinds["person"] > kinds["film"] > 0
    assert len(kinds) >= 8
    assert 0.2 < mean(bool(question.relation) for question in questions) < 0.5


def test_looking_templates_up_gains_nothing() -> None:
    found = measure(TASK, [TASK.item(index) for index in range(600)])
    assert found.skeletons == 1000.0
    assert found.repeated == 0
    assert found.copied == found.carried == 0.0
    assert found.eight < 0.6


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 2**32 - 1))
def test_replies_have_the_three_parts(index: int, draw: int) -> None:
    item = TASK.item(index)
    for answer in (item.truth.answer, *item.truth.distractors[:3]):
        reply = TASK.reply(item, answer, draw)
        parts = re.fullmatch(r"Explanation: .+\nExact Answer: (.+)\nConfidence: (\d+)%", reply, re.DOTALL)
        assert parts is not None
        assert parts[1] == answer
        assert 50 <= int(parts[2]) <= 100
        assert TASK.extract(reply) == answer
    wrong = TASK.reply(item, item.truth.distractors[0], draw)
    assert wrong.rpartition("Confidence")[2] == reply.rpartition("Confidence")[2]
