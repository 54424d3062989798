"""Parts of tales about things that are counted: how there come to be some, what happens, what is asked."""

from mas2_tasks.procedural.tale import SHARES, TIMES, Part, Tale, worth

THINGS = (
    *(
        "marbles",
        "stamps",
        "seashells",
        "trading cards",
        "stickers",
        "postcards",
        "beads",
        "buttons",
        "badges",
    ),
    *("cookies", "muffins", "pancakes", "cupcakes", "sandwiches", "pretzels", "dumplings", "tarts", "rolls"),
    *(
        "apples",
        "peaches",
        "lemons",
        "plums",
        "pumpkins",
        "tomatoes",
        "carrots",
        "melons",
        "eggs",
        "chestnuts",
    ),
    *("pencils", "notebooks", "crayons", "erasers", "markers", "paper cranes", "envelopes", "bookmarks"),
    *(
        "candles",
        "bracelets",
        "clay pots",
        "wooden spoons",
        "scarves",
        "kites",
        "lanterns",
        "masks",
        "baskets",
    ),
    *(
        "tulips",
        "seedlings",
        "roses",
        "sunflowers",
        "tennis balls",
        "puzzle pieces",
        "toy cars",
        "model trains",
    ),
)


def _plain(tale: Tale) -> bool:
    tale.now = tale.draw.between(20, 120)
    tale.say(
        "{H} [has|owns|starts out with|begins the week with|keeps|has put aside] {n} {things}.", n=tale.amount
    )
    return True


def _packs(tale: Tale) -> bool:
    packs, each = tale.draw.between(3, 12), tale.draw.between(4, 24)
    tale.say(
        "{H} [buys|orders|unpacks|is given] {a} [packs|boxes|bags] of {b} {things}[ each|].", a=packs, b=each
    )
    tale.now = tale.step("{H} has {e} {things} at first.", "*", packs, each)
    return True


def _pooled(tale: Tale) -> bool:
    one, other = tale.draw.between(8, 70), tale.draw.between(8, 70)
    tale.say(
        "{H} has {a} {things} and {O} has {b}. [They put them together in one box, which {H} "
        "keeps.|{O} lets {H} have them all.]",
        a=one,
        b=other,
    )
    tale.now = tale.step("Together that makes {e} {things}.", "+", one, other)
    return True


def _compared(tale: Tale) -> bool:
    draw, base = tale.draw, 2 * tale.draw.between(8, 40)
    shape = draw.between(0, 3)
    by = draw.between(3, 15)
    if shape == 0:
        times = draw.between(2, 5)
        tale.say("{O} has {n} {things}, and {H} has {k} as many[ as {O}|].", n=base, k=TIMES[times])
        tale.now = tale.step("{H} has {e} {things}.", "*", base, times)
    elif shape == 1:
        tale.say("{H} has {m} more {things} than {O}, who has {n}.", n=base, m=by)
        tale.now = tale.step("{H} has {e} {things}.", "+", base, by)
    elif shape == 2:
        tale.say("{O} has {n} {things}. {H} has {m} fewer[ than that|].", n=base + by, m=by)
        tale.now = tale.step("{H} has {e} {things}.", "-", base + by, by)
    else:
        tale.say(
            "[While {O} has {n} {things}, {H} has half as many.|"
            "{H} has half as many {things} as {O}, who has {n}.]",
            n=base,
        )
        tale.now = tale.step("{H} has {e} {things}.", "/", base, 2)
    return True


def _made(tale: Tale) -> bool:
    rate, hours = tale.draw.between(4, 25), tale.draw.between(2, 9)
    tale.say(
        "{H} [can sort|gets together|packs|lines up] {a} {things} [an hour|in an hour|"
        "every hour] and [does so|keeps at it] for {b} hours.",
        a=rate,
        b=hours,
    )
    tale.now = tale.step("In that time {p} gets to {e} {things}.", "*", rate, hours)
    return True


def _rows(tale: Tale) -> bool:
    rows, each = tale.draw.between(3, 12), tale.draw.between(5, 20)
    tale.say(
        "{H} [sets out|arranges|lays out] {things} in {a} rows[ of {b}|, with {b} in each row|"
        ", {b} to a row].",
        a=rows,
        b=each,
    )
    tale.now = tale.step("There are {e} {things} in the rows.", "*", rows, each)
    return True


def _days(tale: Tale) -> bool:
    first, times = tale.draw.between(8, 40), tale.draw.between(2, 4)
    tale.say(
        "On [Monday|Saturday|the first day] {H} [collects|gathers|"
        "gets] {n} {things}, and the day after {k} as many.",
        n=first,
        k=TIMES[times],
    )
    second = tale.step("On the second day it is {e} {things}.", "*", first, times)
    tale.now = tale.step("That makes {e} {things} so far.", "+", first, second)
    return True


STARTS: tuple[Part, ...] = (_plain, _plain, _packs, _pooled, _compared, _made, _rows, _days)


def _gain(tale: Tale) -> bool:
    more = tale.draw.between(3, 60)
    tale.say(
        "[{O} gives {him} {n} more|{P} [gets|finds|buys|picks up] {n} more|{O} adds {n} to them|"
        "{P} comes back with another {n}].",
        n=more,
    )
    tale.now = tale.step("Now {p} has {e} {things}.", "+", tale.now, more)
    return True


def _lose(tale: Tale) -> bool:
    if tale.amount < 12:
        return False
    gone = tale.draw.between(2, tale.amount // 2)
    tale.say(
        "[{P} gives {n} [of them |]to {O}|{n} of them [get lost|go missing|are taken by {O}|"
        "are left on a bus]|{P} hands {n} to {Q}].",
        n=gone,
    )
    tale.now = tale.step("That leaves {e} {things}.", "-", tale.now, gone)
    return True


def _more_packs(tale: Tale) -> bool:
    packs, each = tale.draw.between(2, 9), tale.draw.between(3, 15)
    tale.say(
        "[{P} buys|{P} gets|{O} brings {him}] {a} more [packs|bags|boxes] with {b} [in each|{things} each].",
        a=packs,
        b=each,
    )
    new = tale.step("The new ones are {e} {things}.", "*", packs, each)
    tale.now = tale.step("With them {p} has {e} {things}.", "+", tale.now, new)
    return True


def _each_friend(tale: Tale) -> bool:
    friends, each = tale.draw.between(2, 8), tale.draw.between(2, 9)
    if friends * each + 5 > tale.amount:
        return False
    tale.say(
        "[{P} gives {b} to each of {his} {a} [cousins|friends|neighbors|classmates]|"
        "{a} [cousins|friends|teammates] come by, and each takes {b}].",
        a=friends,
        b=each,
    )
    given = tale.step("{e} {things} are given away.", "*", friends, each)
    tale.now = tale.step("{H} keeps {e} {things}.", "-", tale.now, given)
    return True


def _multiply(tale: Tale) -> bool:
    if tale.amount > 400:
        return False
    times = tale.draw.between(2, 3)
    tale.say(
        "[By the end of the [week|month] {p} has {k} as many as that|{O} [helps|"
        "joins in], and soon there are {k} as many].",
        k=TIMES[times],
    )
    tale.now = tale.step("Then there are {e} {things}.", "*", tale.now, times)
    return True


def _give_share(tale: Tale) -> bool:
    ways = tale.divisor((2, 3, 4, 5, 6, 8, 10))
    if ways is None:
        return False
    tale.say(
        "[{P} gives {s} of them to {O}|[Sadly|Later|Soon], {s} of them [turn out to be damaged|"
        "are sold at the market|go to a school]|{P} trades {s} of them away].",
        s=SHARES[ways],
    )
    part = tale.step("That part is {e} {things}.", "/", tale.now, ways)
    tale.now = tale.step("{H} has {e} {things} left.", "-", tale.now, part)
    return True


def _percent(tale: Tale) -> bool:
    fits = [p for p in (5, 10, 15, 20, 25, 30, 40, 60, 75, 80) if tale.amount * p % 100 == 0]
    if not fits:
        return False
    percent = tale.draw.pick(fits)
    tale.say(
        "[{n}% of them [are spoiled by the rain|have to be thrown out|"
        "are not good enough and are thrown away]|{P} uses {n}% of them for a project].",
        n=f"{percent}",
    )
    part = tale.step(f"{percent}% of them is {{e}} {{things}}.", "%", percent, tale.now)
    tale.now = tale.step("{e} {things} remain.", "-", tale.now, part)
    return True


def _matched(tale: Tale) -> bool:
    if tale.amount > 300:
        return False
    more = tale.draw.between(2, 20)
    tale.say(
        "[{O}, who has {n} more than {H} has now, hands {him} all of them|"
        "At this point {O} has {n} more than {H}, and gives {him} everything].",
        n=more,
    )
    theirs = tale.step("The other one has {e} {things}.", "+", tale.now, more)
    tale.now = tale.step("Together it is {e} {things}.", "+", tale.now, theirs)
    return True


def _daily(tale: Tale) -> bool:
    each, days = tale.draw.between(2, 15), tale.draw.between(2, 10)
    tale.say(
        "[For the next {b} days {p} [adds|gets] {a} a day|{P} [gets|"
        "makes] {a} more on each of the following {b} days].",
        a=each,
        b=days,
    )
    new = tale.step("In these days {e} {things} are added.", "*", each, days)
    tale.now = tale.step("That brings it to {e} {things}.", "+", tale.now, new)
    return True


def _swap(tale: Tale) -> bool:
    if tale.amount < 15:
        return False
    give, get = tale.draw.between(2, 10), tale.draw.between(11, 25)
    tale.say("{P} [swaps|trades|exchanges] {a} of them for {b} that {O} [has|offers].", a=give, b=get)
    rest = tale.step("After giving some away {p} has {e} {things}.", "-", tale.now, give)
    tale.now = tale.step("With what comes back it is {e} {things}.", "+", rest, get)
    return True


def _split(tale: Tale) -> bool:
    ways = tale.divisor((3, 4, 5, 6))
    if ways is None or tale.amount // ways < 8:
        return False
    tale.say(
        "[{H} and {n} others share them equally, and from now on {H} has only {his} own share|"
        "They are divided equally between {H} and {n} [friends|"
        "relatives], and {H} goes on with {his} part].",
        n=ways - 1,
    )
    tale.now = tale.step("One share is {e} {things}.", "/", tale.now, ways)
    return True


EVENTS: tuple[Part, ...] = (
    *(
        _gain,
        _lose,
        _more_packs,
        _each_friend,
        _multiply,
        _give_share,
        _percent,
        _matched,
        _daily,
        _swap,
        _split,
    ),
)


def _count(tale: Tale) -> bool:
    tale.say("How many {things} does {H} have [now|in the end|at the end|after all this|then]?")
    return True


def _boxes(tale: Tale) -> bool:
    fits = tale.divisor((2, 3, 4, 5, 6, 7, 8, 9, 10, 12))
    if fits is None:
        return False
    holder = tale.draw.pick(("boxes", "jars", "trays", "bags", "crates"))
    tale.say(
        "{P} [puts|packs|sorts] what {p} has into {h} of {n}. How many {h} does {p} [need|fill]?",
        h=holder,
        n=fits,
    )
    tale.step(f"They fill {{e}} {holder}.", "/", tale.now, fits)
    return True


def _sold(tale: Tale) -> bool:
    price = tale.draw.between(2, 12)
    tale.say(
        "[If {p} sells all that {p} has for ${n} each, how many dollars does {p} get?|"
        "All of them are then sold at ${n} apiece. How much money does {H} receive, in dollars?]",
        n=f"{price}",
    )
    tale.step("The sale brings {e}.", "*", tale.now, price, money=True)
    return True


def _missing(tale: Tale) -> bool:
    goal = tale.amount + tale.draw.between(5, 90)
    tale.say(
        "[{P} wants to have {n} in all. How many more does {p} need?|"
        "How many {things} is {p} short of {his} goal of {n}?]",
        n=goal,
    )
    tale.step("{e} {things} are missing.", "-", goal, tale.now)
    return True


def _together(tale: Tale) -> bool:
    times = tale.draw.between(2, 5)
    tale.say(
        "{Q} has {k} as many {things} as {H} has [now|in the end]. How many do [the two of them|"
        "{H} and {Q}] have [together|in total|altogether]?",
        k=TIMES[times],
    )
    other = tale.step("The other one has {e} {things}.", "*", tale.now, times)
    tale.step("Together they have {e} {things}.", "+", tale.now, other)
    return True


def _weight(tale: Tale) -> bool:
    grams = tale.draw.between(3, 60) * 5
    tale.say(
        "One of the {things} weighs {n} grams. How [many grams do all that {H} has now weigh|"
        "heavy are all that {p} has, in grams]?",
        n=grams,
    )
    tale.step("All of them weigh {e} grams.", "*", tale.now, grams)
    return True


def _gained(tale: Tale) -> bool:
    if tale.amount - worth(tale.start) < 2:
        return False
    tale.say(
        "How many more {things} does {H} have [now|in the end] than [at the beginning|{p} had at first]?"
    )
    tale.step("That is {e} {things} more.", "-", tale.now, tale.start)
    return True


ENDS: tuple[Part, ...] = (_count, _count, _count, _boxes, _sold, _missing, _together, _weight, _gained)
