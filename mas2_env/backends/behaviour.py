"""How a simulated agent behaves: the whole model, apart from prices, tokens and provider troubles.

The laws are in `mas2_env.backends.laws`; here stands which of them a call obeys, and with what.

**Solving.** An agent has a standing at an item, made of its level at the benchmark, the item's difficulty
(shared by all), what its family and it itself find easy or hard there, and gains. It is right if that plus
the noise of the call is positive. All but the noise is the same in every episode. So repeated answers of one
model are alike, and those of different models somewhat less so, as in recorded runs.

**Being wrong.** A wrong answer is, with given shares, the one that everybody falls for, the one that this
backbone falls for, or one of the others. So agents share wrong answers, and a vote can be wrong.

**Knowing.** What an agent has read is what stands in its tool outputs and in messages that pass such outputs
on, and nothing else: items that need evidence start from what the model recalls and gain by `Task.informed`
of those texts. What stands in somebody's answer is a claim; it persuades (see below) but proves nothing.

**Others.** Debaters weigh answers by the voices for them, almost regardless of who is right; or take up what
the discussion suggests, or think anew. Reviewers approve most right and many wrong answers, unless a tool
tells them. Authors whose work is sent back try again: partly with the noise of their first try, partly with
new noise.

The truth of an item decides what an agent writes, and is nowhere written down itself.
"""

from collections.abc import Callable, Collection
from math import log2
from typing import Final, TypeAlias

from mas2_env.backends import laws, trials, voices, wording
from mas2_env.backends.calibrated import Calibration
from mas2_env.backends.draws import UNIT, Bits, bits_for, more_bits, normal
from mas2_env.backends.minds import ERR, SOCIAL, SOLVE, TOOL, WHICH, WORDS, Case
from mas2_env.backends.parameters import Parameters, logit
from mas2_env.task import ToolUse

Act: TypeAlias = tuple[str, tuple[ToolUse, ...], bool]
"""What an agent does: text, tools it asks for, and whether it answered wrongly."""


_RECORDED: Final = {
    "math": "math",
    "math-shown": "math",
    "small": "math",
    "small-choice": "mc",
    "code": "code",
    "qa": "qa",
    "choice": "mc",
}
"""By manner, the kind of task whose reviews and second tries were recorded."""


class Behaviour:
    """The model of agents with one set of parameters. It keeps no state."""

    def __init__(self, parameters: Parameters, calibration: Calibration) -> None:
        self.p = parameters
        habit = calibration.habit
        self._executed = habit["retry executed"]
        reflected = habit["retry reflection"]
        self._told_wrong = {kind: habit.get(f"retry told {it}", reflected) for kind, it in _RECORDED.items()}
        self._told_why = {kind: habit.get(f"retry critic {it}", reflected) for kind, it in _RECORDED.items()}
        self._told_why["qa"] = reflected
        self._ranking = habit["selection"]["reward model"]
        self._testing = habit["selection"]["tests"]
        self._approve = {
            kind: (logit(habit[f"review {name}"]["good_right"]), logit(habit[f"review {name}"]["good_wrong"]))
            for kind, name in _RECORDED.items()
        }
        self._acts: dict[str, Callable[[Case], Act]] = {
            "draft": self._draft,
            "debate": self._debate,
            "review": self._review,
            "revise": self._revise,
            "rank": self._rank,
            "route": self._route,
        }

    def act(self, case: Case) -> Act:
        """What the agent does at a model call."""
        return self._acts[case.call.turn.purpose](case)

    # Solving.

    def _z(self, case: Case) -> float:
        """Standing, with all that the agent has read."""
        z: float = case.mind.base + case.style.gain
        scene = case.scene
        if scene.evidence:
            texts = [m.text for m in case.call.messages if m.answer is None or wording.are_findings(m.text)]
            if case.call.history:
                texts += [step.output for step in case.call.history]
            if texts:
                found = scene.task.informed(scene.item, texts)
                z += case.mind.span * laws.knowledge(found, self.p.inputs.evidence_power)
        inputs = self.p.inputs
        if case.prompt_tokens > inputs.undiluted:
            z -= inputs.dilution * log2(case.prompt_tokens / inputs.undiluted)
        return z

    def _own(self, case: Case, z: float, given_up: Collection[str] = ()) -> str:
        """The answer that the agent comes to by itself, other than the forms that it has given up."""
        scene = case.scene
        right = laws.is_right(z, scene.table.noise, normal(case.bits[SOLVE]))
        if right and scene.right not in given_up:
            return scene.item.truth.answer
        return self._wrong(case, z, case.bits, given_up)

    def _wrong(self, case: Case, z: float, bits: Bits, given_up: Collection[str] = ()) -> str:
        """A wrong answer, other than the forms given up."""
        scene, table = case.scene, case.scene.table
        wrong = scene.wrong
        index = laws.wrong_index(
            bits[ERR] * UNIT,
            laws.popular_share(z, table.popular, table.slope),
            table.own,
            case.mind.own,
            bits[WHICH] * len(wrong) >> 32,
        )
        if given_up:
            for answer in (*wrong[index:], *wrong[:index]):
                if scene.form(answer) not in given_up:
                    return answer
        return wrong[index]

    def _again(
        self, case: Case, z: float, was_right: bool, told: dict[str, float], given_up: Collection[str]
    ) -> str:
        """Another try after one that was right or wrong: with part of the noise that made it so."""
        scene = case.scene
        noise = scene.table.noise
        before = laws.noise_given(z, noise, was_right, case.bits[TOOL] * UNIT)
        fresh = laws.renewed(before, normal(case.bits[SOLVE]), told["fresh"])
        gained = z + told["gain"]
        if laws.is_right(gained, noise, fresh) and scene.right not in given_up:
            return scene.item.truth.answer
        return self._wrong(case, gained, case.bits, given_up)

    def _say(self, case: Case, answer: str) -> Act:
        scene = case.scene
        return scene.task.reply(scene.item, answer, case.bits[WORDS]), (), scene.form(answer) != scene.right

    # First answers.

    def _draft(self, case: Case) -> Act:
        if not case.style.answers:
            return self._contribute(case)
        z = self._z(case)
        if case.call.messages:
            z += self._hints(case)
        if case.style.tools or case.call.history:
            return self._use_tools(case, z, None)
        return self._say(case, self._incline(case, z))

    def _hints(self, case: Case) -> float:
        """What plans and comments among the inputs add to z."""
        gain = 0.0
        for message in case.call.messages:
            if message.relation == "input" and message.answer is None:
                if wording.is_plan(message.text):
                    if case.scene.item.truth.parts > 1:
                        gain = max(gain, self.p.inputs.plan_gain)
                elif message.text.startswith(wording.COMMENT):
                    gain = max(gain, self.p.inputs.review_gain)
        return gain

    def _incline(self, case: Case, z: float) -> str:
        """The agent's own answer, or one of those that it was sent."""
        if case.call.messages and case.bits[SOCIAL] * UNIT < case.style.trust:
            counts, texts = voices.count(case.call.messages, case.scene, "input")
            if counts:
                return texts[self._select(case, counts, z)]
        return self._own(case, z)

    def _select(self, case: Case, counts: dict[str, int], z: float) -> str:
        """One of several answers: rather a frequent one, rather the right one if the agent could find it.

        A tester of code goes by the tests that it writes instead.
        """
        if case.call.turn.kind == "test" and case.scene.table.manner == "code":
            return self._tested(case, counts)
        inputs, right = self.p.inputs, case.scene.right
        weights = {form: count**inputs.count_power for form, count in counts.items()}
        if right in weights:
            found = laws.chance(z, case.scene.table.noise)
            weights[right] *= laws.persuasion(1.0, found, inputs.discernment, 0.0, 0.0)
        return voices.weighted(weights, more_bits(case.call.key, b"select")[0] * UNIT)

    def _tested(self, case: Case, counts: dict[str, int]) -> str:
        """The answer that does best at self-written tests, which are not all valid."""
        noise = more_bits(case.call.key, b"tests")
        merits = {
            form: laws.merit(form == case.scene.right, self._testing, normal(noise[i % len(noise)]))
            for i, form in enumerate(counts)
        }
        return max(merits, key=merits.__getitem__)

    # Tools.

    def _use_tools(self, case: Case, z: float, intended: str | None) -> Act:
        """One step of a tool loop: look at what the last call gave, then answer or call a tool.

        `intended` is the answer that the agent sets out to try, where that is decided elsewhere.
        """
        tools, history, scene = self.p.tools, case.call.history, case.scene
        answer = intended
        if history:
            passed = scene.task.passed(history[-1].output)
            tried = trials.tried(case, history) if passed else None
            if tried is not None and case.bits[TOOL] * UNIT < tools.certain:
                return self._say(case, tried)
            if passed is False:
                answer = self._again(case, z, False, self._executed, trials.failed(case, history))
            else:
                answer = self._incline(case, z if scene.evidence else z + tools.gain)
        elif answer is None:
            answer = self._incline(case, z)
        use = self._next_use(case, answer)
        return self._say(case, answer) if use is None else self._call(case, use)

    def _call(self, case: Case, use: ToolUse) -> Act:
        """A tool call under a line that says what it is for. The answer waits for what the tool gives."""
        history = case.call.history
        mended = bool(history) and case.scene.task.passed(history[-1].output) is False
        return wording.thought(use.name, case.bits[WORDS], mended), (use,), False

    def _next_use(self, case: Case, answer: str) -> ToolUse | None:
        """The tool call to make next, None if it is time to answer."""
        tools, history, scene = self.p.tools, case.call.history, case.scene
        if case.bits[TOOL] * UNIT >= 1.0 - tools.give_up:
            return None
        if history and scene.evidence and scene.task.informed(scene.item, [s.output for s in history]) >= 1.0:
            return None
        use = trials.sought(case, answer, history)
        if use is None or use.name not in case.style.tools or any(step.use == use for step in history):
            return None
        return use

    # Contributions that are not answers.

    def _contribute(self, case: Case) -> Act:
        kind = case.call.turn.kind
        z = self._z(case)
        if kind == "search":
            return self._search(case, z)
        if kind == "plan":
            good = laws.is_right(z, case.scene.table.noise, normal(case.bits[SOLVE]))
            return wording.plan(case.scene.item.truth.parts, good), (), False
        counts, texts = voices.count(case.call.messages, case.scene, "input")
        if not counts:
            return wording.comment(None, 0, 0), (), False
        form = voices.commonest(counts, case.bits[WHICH])
        return wording.comment(texts[form], counts[form], sum(counts.values())), (), False

    def _search(self, case: Case, z: float) -> Act:
        """Look things up, then pass on everything that was found or handed over."""
        if case.style.tools:
            use = self._next_use(case, self._own(case, z))
            if use is not None:
                return self._call(case, use)
        handed = [m.text for m in case.call.messages if wording.are_findings(m.text)]
        found = [text.removeprefix(wording.FINDINGS).strip() for text in handed]
        found += [step.output for step in case.call.history]
        return wording.findings(list(dict.fromkeys(found))), (), False

    # Debate.

    def _debate(self, case: Case) -> Act:
        if not case.style.answers:
            return self._contribute(case)
        own: str | None = None
        for message in case.call.messages:
            if message.relation == "own" and message.answer is not None:
                own = case.scene.plain(message.answer)
        counts, texts = voices.count(case.call.messages, case.scene, "peer")
        return self._say(case, self._debated(case, own, counts, texts))

    def _debated(self, case: Case, own: str | None, counts: dict[str, int], texts: dict[str, str]) -> str:
        """Take up what the discussion suggests, think anew, or weigh the answers given."""
        scene, manner = case.scene, case.scene.manner
        z = self._z(case)
        mine = "" if own is None else scene.form(own)
        forms = sorted({mine, *counts} - {""})
        drawn = more_bits(case.call.key, b"debate")
        if manner.hint > 0.0:
            suggested = bits_for(
                b"hint", scene.task.name, scene.item.id, case.call.backbone, str(case.call.turn.round), *forms
            )
            if drawn[0] * UNIT < laws.hint_share(suggested[0] * UNIT, manner.hint):
                right = laws.is_right(z, scene.table.noise, normal(suggested[1]))
                return scene.item.truth.answer if right else self._wrong(case, z, suggested)
        if not forms or drawn[1] * UNIT < manner.anew:
            return self._own(case, z)
        found = laws.chance(z, scene.table.noise)
        weights = {
            form: laws.weight(counts.get(form, 0), float(form == mine), manner.inertia, manner.power)
            * laws.persuasion(
                float(form == scene.right), found, manner.discernment, scene.appeal(form), manner.appeal
            )
            for form in forms
        }
        chosen = voices.weighted(weights, drawn[2] * UNIT)
        if chosen == scene.right and drawn[3] * UNIT < manner.slip:
            return self._wrong(case, z, case.bits)
        return texts[chosen] if chosen in texts else str(own)

    # Review and revision.

    def _review(self, case: Case) -> Act:
        candidate = next((m for m in case.call.messages if m.relation == "candidate"), None)
        bits, scene = case.bits, case.scene
        if candidate is None or candidate.answer is None:
            return (
                wording.verdict(bits[SOCIAL] * UNIT < self.p.review.approve_unanswered, bits[WORDS], None),
                (),
                False,
            )
        history = case.call.history
        passed = scene.task.passed(history[-1].output) if history else None
        if case.style.tools and passed is None:
            use = self._next_use(case, candidate.answer)
            if use is not None:
                return "I will check this.", (use,), False
        approve = self._approval(case, scene.form(candidate.answer) == scene.right, passed)
        return wording.verdict(bits[SOCIAL] * UNIT < approve, bits[WORDS], passed), (), False

    def _approval(self, case: Case, right: bool, passed: bool | None) -> float:
        p, scene = self.p.review, case.scene
        if passed is not None:
            return p.approve_passed if passed else p.approve_failed
        shift = p.ability * (2.0 * float(laws.chance(self._z(case), scene.table.noise)) - 1.0)
        good, bad = self._approve[scene.table.manner]
        return float(laws.sigmoid(good + shift if right else bad - shift))

    def _revise(self, case: Case) -> Act:
        if not case.style.answers:
            return self._contribute(case)
        own: str | None = None
        review = ""
        for message in case.call.messages:
            if message.relation == "own" and message.answer is not None:
                own = case.scene.plain(message.answer)
            elif message.relation == "review":
                review = message.text
        z = self._z(case)
        answer = self._own(case, z) if own is None else self._reconsidered(case, z, own, review)
        tooled = case.style.tools or case.call.history
        return self._use_tools(case, z, answer) if tooled else self._say(case, answer)

    def _reconsidered(self, case: Case, z: float, own: str, review: str) -> str:
        """What an author makes of its answer after a review.

        Tries that were recorded after a wrong answer include those that came to the same again: so what is
        wrong and sent back is tried again always, and kept only where the new try is wrong as well.
        """
        p, scene = self.p.revise, case.scene
        form, told = scene.form(own), self._told(case, review)
        was_right = form == scene.right
        sure = told is not self._executed and was_right
        change = p.unasked if told is None else p.change_right if sure else p.change_wrong
        changes = case.bits[SOCIAL] * UNIT < change
        if not changes and (was_right or told is None):
            return own
        answer = self._again(case, z, was_right, told or self._told_wrong[scene.table.manner], (form,))
        return answer if changes or scene.form(answer) == scene.right else own

    def _told(self, case: Case, review: str) -> dict[str, float] | None:
        """How much a review helps; None where it asks for nothing."""
        if not wording.sent_back(review):
            return None
        if wording.reports_failure(review):
            return self._executed
        kind = case.scene.table.manner
        return self._told_wrong[kind] if wording.is_bare(review) else self._told_why[kind]

    # Ranking and routing.

    def _rank(self, case: Case) -> Act:
        key, options, scene = case.call.key, case.call.turn.options, case.scene
        noise = more_bits(key, b"rank 0") + more_bits(key, b"rank 1")
        found = float(laws.chance(self._z(case), scene.table.noise))
        deviation = self._ranking * (1.0 + self.p.rank.ability * (0.5 - found))
        merits = dict.fromkeys(options, -9.0)
        for i, message in enumerate(case.call.messages):
            name = voices.named(message.sender, options) if message.relation == "candidate" else None
            if name is not None:
                right = message.answer is not None and scene.form(message.answer) == scene.right
                merits[name] = laws.merit(right, deviation, normal(noise[i % len(noise)]))
        return "\n".join(sorted(merits, key=merits.__getitem__, reverse=True)), (), False

    def _route(self, case: Case) -> Act:
        options = case.call.turn.options
        shuffle = more_bits(case.call.key, b"route")
        order = sorted(range(len(options)), key=lambda i: (shuffle[i % len(shuffle)], i))
        if case.bits[SOCIAL] * UNIT < self.p.route.sensible:
            order.sort(key=lambda i: -voices.suits(options[i].lower(), case.scene))
        return "\n".join(options[i] for i in order), (), False
