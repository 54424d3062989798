"""Parts of tales about money: where it comes from, what becomes of it, what is asked."""

from mas2_tasks.procedural.tale import SHARES, TIMES, Part, Tale, worth

GOODS = (
    *("t-shirts", "tickets", "plants", "mugs", "posters", "puzzles", "sandwiches", "lamps", "hats", "toys"),
    *(
        "paint brushes",
        "bags of soil",
        "comic books",
        "batteries",
        "cushions",
        "bottles of juice",
        "keychains",
    ),
)
WARES = ("cookies", "bracelets", "cups of lemonade", "candles", "paintings", "jars of jam", "cakes", "cards")
JOBS = (
    "mowing lawns",
    "babysitting",
    "walking dogs",
    "tutoring",
    "washing cars",
    "delivering papers",
    "raking leaves",
)
WISHES = (
    "a bicycle",
    "a guitar",
    "a tent",
    "a camera",
    "a skateboard",
    "a telescope",
    "a violin",
    "new skis",
    "a tablet",
)
TREATS = (
    "a jacket",
    "groceries",
    "a birthday present",
    "a haircut",
    "a book",
    "repairs",
    "a bus pass",
    "dinner",
    "shoes",
)


def _has(tale: Tale) -> bool:
    tale.now = tale.draw.between(6, 40) * 5
    tale.say("{H} [has|has saved|owns|finds|starts with] ${n}[ in a jar|].", n=f"{tale.amount}")
    return True


def _works(tale: Tale) -> bool:
    draw = tale.draw
    wage, hours, job = draw.between(6, 30), draw.between(3, 12), draw.pick(JOBS)
    tale.say(
        "[{H} earns ${a} an hour {j} and works {b} hours|"
        "{H} spends {b} hours {j} for ${a} an hour|For {b} hours of {j}, {H} is paid ${a} an hour].",
        a=f"{wage}",
        b=hours,
        j=job,
    )
    tale.now = tale.step("{H} earns {e}.", "*", hours, wage)
    return True


def _sells(tale: Tale) -> bool:
    count, price, ware = tale.draw.between(6, 40), tale.draw.between(2, 15), tale.draw.pick(WARES)
    tale.say(
        "[{H} sells {a} {w} for ${b} each|{H} makes {a} {w} and gets ${b} for every one of them|"
        "At a price of ${b} each, {H} sells {a} {w}].",
        a=count,
        b=f"{price}",
        w=ware,
    )
    tale.now = tale.step("The sale brings {e}.", "*", count, price)
    return True


def _saves(tale: Tale) -> bool:
    weekly, weeks = tale.draw.between(4, 40), tale.draw.between(3, 15)
    tale.say(
        "{H} [saves|puts aside|sets apart] ${a} [a week|every week|each week] for {b} weeks.",
        a=f"{weekly}",
        b=weeks,
    )
    tale.now = tale.step("{H} saves {e}.", "*", weekly, weeks)
    return True


def _two_jobs(tale: Tale) -> bool:
    draw = tale.draw
    a, b, c, d = draw.between(2, 8), draw.between(8, 25), draw.between(2, 8), draw.between(8, 25)
    one, other = draw.some(JOBS, 2)
    tale.say(
        "{H} works {a} hours {j} for ${b} an hour and {c} hours {k} for ${d} an hour.",
        a=a,
        b=f"{b}",
        c=c,
        d=f"{d}",
        j=one,
        k=other,
    )
    first = tale.step("The first job brings {e}.", "*", a, b)
    second = tale.step("The second job brings {e}.", "*", c, d)
    tale.now = tale.step("Both together bring {e}.", "+", first, second)
    return True


def _two_wares(tale: Tale) -> bool:
    draw = tale.draw
    a, b, c, d = draw.between(4, 25), draw.between(2, 12), draw.between(4, 25), draw.between(2, 12)
    one, other = draw.some(WARES, 2)
    tale.say(
        "{H} sells {a} {v} at ${b} [each|apiece] and {c} {w} at ${d} [each|apiece].",
        a=a,
        b=f"{b}",
        c=c,
        d=f"{d}",
        v=one,
        w=other,
    )
    first = tale.step(f"The {one} bring {{e}}.", "*", a, b)
    second = tale.step(f"The {other} bring {{e}}.", "*", c, d)
    tale.now = tale.step("In all it is {e}.", "+", first, second)
    return True


def _compared(tale: Tale) -> bool:
    base, by = 2 * tale.draw.between(10, 60), tale.draw.between(4, 30)
    shape = tale.draw.between(0, 2)
    if shape == 0:
        times = tale.draw.between(2, 4)
        tale.say("{O} has ${n}, and {H} has {k} as much.", n=f"{base}", k=TIMES[times])
        tale.now = tale.step("{H} has {e}.", "*", base, times)
    elif shape == 1:
        tale.say("{H} has ${m} more than {O}, who has ${n}.", n=f"{base}", m=f"{by}")
        tale.now = tale.step("{H} has {e}.", "+", base, by)
    else:
        tale.say("{O} has ${n}, which is twice as much as {H} has.", n=f"{base}")
        tale.now = tale.step("{H} has {e}.", "/", base, 2)
    return True


STARTS: tuple[Part, ...] = (_has, _works, _sells, _saves, _two_jobs, _two_wares, _compared)


def _earns(tale: Tale) -> bool:
    more = tale.draw.between(3, 80)
    tale.say(
        "[{P} [earns|wins|finds|receives] another ${n}|{O} gives {him} ${n}|"
        "A refund brings {him} ${n}|{P} gets ${n} for [{his} birthday|an old bike|helping {O}]].",
        n=f"{more}",
    )
    tale.now = tale.step("Now {p} has {e}.", "+", tale.now, more)
    return True


def _spends(tale: Tale) -> bool:
    if tale.amount < 15:
        return False
    cost, thing = tale.draw.between(3, tale.amount * 2 // 3), tale.draw.pick(TREATS)
    tale.say("[{P} spends ${n} on {t}|{P} pays ${n} for {t}|${n} goes to {t}].", n=f"{cost}", t=thing)
    tale.now = tale.step("After that {p} has {e}.", "-", tale.now, cost)
    return True


def _buys(tale: Tale) -> bool:
    count, price, goods = tale.draw.between(2, 9), tale.draw.between(2, 14), tale.draw.pick(GOODS)
    if count * price + 4 > tale.amount:
        return False
    tale.say(
        "[{P} buys {a} {g} at ${b} each|{P} gets {a} {g}, which cost ${b} each|"
        "{P} picks out {a} {g} for ${b} apiece and pays].",
        a=count,
        b=f"{price}",
        g=goods,
    )
    cost = tale.step(f"The {goods} cost {{e}}.", "*", count, price)
    tale.now = tale.step("{H} then has {e}.", "-", tale.now, cost)
    return True


def _shift(tale: Tale) -> bool:
    hours, wage = tale.draw.between(2, 8), tale.draw.between(7, 22)
    tale.say(
        "[{P} works {a} more hours at ${b} an hour|"
        "An extra shift of {a} hours pays {him} ${b} an hour|"
        "{P} helps {O} for {a} hours and gets ${b} an hour].",
        a=hours,
        b=f"{wage}",
    )
    new = tale.step("The work pays {e}.", "*", hours, wage)
    tale.now = tale.step("That makes {e}.", "+", tale.now, new)
    return True


def _share(tale: Tale) -> bool:
    ways = tale.divisor((2, 3, 4, 5, 6, 8, 10))
    if ways is None:
        return False
    tale.say(
        "[{P} gives {s} of {his} money to [{O}|charity|{his} parents]|"
        "As agreed, {p} passes {s} of it on to {O}|For rent, {p} pays {s} of it].",
        s=SHARES[ways],
    )
    part = tale.step("That share is {e}.", "/", tale.now, ways)
    tale.now = tale.step("{e} remains.", "-", tale.now, part)
    return True


def _bonus(tale: Tale) -> bool:
    fits = [p for p in (5, 10, 15, 20, 25, 50) if tale.amount * p % 100 == 0]
    if not fits:
        return False
    percent = tale.draw.pick(fits)
    tale.say(
        "[{O} adds {n}% of what {p} has|As a reward {p} gets {n}% on top of that|"
        "The bank adds {n}% interest].",
        n=f"{percent}",
    )
    part = tale.step(f"{percent}% of it is {{e}}.", "%", percent, tale.now)
    tale.now = tale.step("With that {p} has {e}.", "+", tale.now, part)
    return True


def _tax(tale: Tale) -> bool:
    fits = [p for p in (5, 10, 15, 20, 25, 30, 40) if tale.amount * p % 100 == 0]
    if not fits:
        return False
    percent = tale.draw.pick(fits)
    tale.say(
        "[{n}% of it goes to taxes|{P} has to pay {n}% of it to {O}|A fee of {n}% is taken off|"
        "{P} donates {n}% of it].",
        n=f"{percent}",
    )
    part = tale.step(f"{percent}% of it is {{e}}.", "%", percent, tale.now)
    tale.now = tale.step("That leaves {e}.", "-", tale.now, part)
    return True


def _doubled(tale: Tale) -> bool:
    if tale.amount > 500:
        return False
    tale.say("[Then {his} grandmother doubles what {p} has|{O} matches {his} money dollar for dollar].")
    tale.now = tale.step("Twice the money is {e}.", "*", tale.now, 2)
    return True


def _daily(tale: Tale) -> bool:
    cost, days = tale.draw.between(2, 9), tale.draw.between(3, 10)
    if cost * days + 4 > tale.amount:
        return False
    tale.say("[Lunch|The bus|Parking] costs {him} ${a} a day for {b} days.", a=f"{cost}", b=days)
    spent = tale.step("Over these days that is {e}.", "*", cost, days)
    tale.now = tale.step("{e} is left.", "-", tale.now, spent)
    return True


def _lends(tale: Tale) -> bool:
    if tale.amount < 40:
        return False
    lent = tale.draw.between(10, tale.amount // 2)
    back = tale.draw.between(2, lent - 3)
    tale.say(
        "{P} lends {O} ${a}, [of which {O} pays back|and gets back only] ${b}.", a=f"{lent}", b=f"{back}"
    )
    rest = tale.step("After lending {p} has {e}.", "-", tale.now, lent)
    tale.now = tale.step("With what comes back it is {e}.", "+", rest, back)
    return True


EVENTS: tuple[Part, ...] = (_earns, _spends, _buys, _shift, _share, _bonus, _tax, _doubled, _daily, _lends)


def _left(tale: Tale) -> bool:
    tale.say("How [much money|many dollars] does {H} have [now|left|in the end|at the end]?")
    return True


def _affords(tale: Tale) -> bool:
    fits = [price for price in range(2, 31) if tale.amount % price == 0 and 1 < tale.amount // price < 80]
    if not fits:
        return False
    price, goods = tale.draw.pick(fits), tale.draw.pick(GOODS)
    tale.say(
        "[How many {g} at ${n} each can {p} buy with the rest?|"
        "{P} spends all that {p} has on {g} at ${n} each. How many does {p} get?]",
        n=f"{price}",
        g=goods,
    )
    tale.step(f"That pays for {{e}} {goods}.", "/", tale.now, price, money=False)
    return True


def _missing(tale: Tale) -> bool:
    cost, wish = tale.amount + tale.draw.between(5, 150), tale.draw.pick(WISHES)
    tale.say(
        "[{P} wants to buy {w}, which costs ${n}. How many dollars [more does {p} need|"
        "is {p} short]?|How much money is missing if {p} wants {w} for ${n}?]",
        n=f"{cost}",
        w=wish,
    )
    tale.step("{e} is missing.", "-", cost, tale.now)
    return True


def _together(tale: Tale) -> bool:
    times = tale.draw.between(2, 4)
    tale.say(
        "{Q} has {k} as much money as {H} has [now|in the end]. How much do they have [together|"
        "in total], in dollars?",
        k=TIMES[times],
    )
    other = tale.step("The other one has {e}.", "*", tale.now, times)
    tale.step("Together they have {e}.", "+", tale.now, other)
    return True


def _shared(tale: Tale) -> bool:
    ways = tale.divisor((3, 4, 5, 6, 8))
    if ways is None:
        return False
    tale.say(
        "[{H} and {n} friends divide it equally. How many dollars does each of them get?|"
        "If {p} shares it equally with {n} others, what is {his} own part, in dollars?]",
        n=ways - 1,
    )
    tale.step("Each share is {e}.", "/", tale.now, ways)
    return True


def _gained(tale: Tale) -> bool:
    if tale.amount - worth(tale.start) < 2:
        return False
    tale.say("How [much more money|many more dollars] does {H} have now than [at the beginning|at first]?")
    tale.step("That is {e} more.", "-", tale.now, tale.start)
    return True


ENDS: tuple[Part, ...] = (_left, _left, _affords, _missing, _together, _shared, _gained)
