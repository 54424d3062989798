"""Word problems about amounts: baking, journeys, collections, reading, classes, harvests, ages, crews."""

from itertools import pairwise

from mas2_tasks.procedural.arithmetic import Ref, Sketch
from mas2_tasks.procedural.cast import Cast
from mas2_tasks.procedural.draw import Draw
from mas2_tasks.procedural.stories_money import share

_TIMES = {2: "twice", 3: "three times", 4: "four times"}


def baking(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """Batches and trays, things given away, boxes sold."""
    thing = draw.pick(("cookies", "rolls", "cupcakes", "scones", "dumplings", "tarts"))
    trays, boxed = draw.between(3, 9), draw.pick((3, 4, 5, 6))
    each = boxed * draw.between(4, 7)
    sketch.say(f"{cast.hero} bakes {trays} trays of {thing} with {each} {thing} on each tray.")
    made = sketch.do(f"{cast.hero} bakes {{e}} {thing}.", "*", trays, each)
    if draw.random() < 0.5:
        again = draw.between(2, 4)
        sketch.say(f"{cast.pro} does that {again} days in a row.")
        made = sketch.do(f"Over {again} days that makes {{e}} {thing}.", "*", made, again)
    if draw.random() < 0.5:
        burnt = boxed * draw.between(1, 4)
        sketch.say(
            draw.pick((f"{burnt} of them get burnt.", f"{cast.pro} drops {burnt} of them on the floor."))
        )
        made = sketch.do(f"That leaves {{e}} {thing}.", "-", made, burnt)
    give = boxed * draw.between(1, 3)
    sketch.say(f"{cast.pro} gives {give} to {cast.others[0]} and packs the rest in boxes of {boxed}.")
    rest = sketch.do(f"There are {{e}} {thing} to pack.", "-", made, give)
    boxes = sketch.do("They fill {e} boxes.", "/", rest, boxed)
    if draw.random() < 0.35:
        sketch.say(draw.pick(("How many boxes are filled?", f"How many boxes does {cast.hero} fill?")))
        return
    price = draw.between(4, 14)
    sketch.say(f"Each box is sold for ${price}.")
    income = sketch.do(f"{cast.hero} takes in {{e}}.", "*", boxes, price, money=True)
    share(draw, sketch, cast, income, f"How much money does {cast.hero} make?")


def travel(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """Legs of a journey at different speeds."""
    way = draw.pick((("drives", 40, 75), ("cycles", 9, 18), ("sails", 8, 20), ("rides a train", 60, 110)))
    unit = draw.pick(("miles", "kilometers"))
    legs = [(draw.between(2, 6), draw.between(way[1], way[2])) for _ in range(draw.between(2, 3))]
    words = [f"{hours} hours at {speed} {unit} per hour" for hours, speed in legs]
    sketch.say(f"{cast.hero} {way[0]} for {', then for '.join(words)}.")
    parts = [
        sketch.do(f"On leg {i + 1} {cast.pro.lower()} covers {{e}} {unit}.", "*", hours, speed)
        for i, (hours, speed) in enumerate(legs)
    ]
    total = sketch.do(f"Altogether {cast.pro.lower()} covers {{e}} {unit}.", "+", *parts)
    if draw.random() < 0.5:
        whole = total.value + draw.between(10, 120)
        sketch.say(f"The whole trip is {whole} {unit} long.")
        total = sketch.do(f"{{e}} {unit} remain.", "-", whole, total)
        if draw.random() < 0.5:
            sketch.say(f"How many {unit} are left?")
            return
        sketch.say(
            f"The rest is covered by bus, which costs ${(cost := draw.between(2, 5))} for each of the {unit}."
        )
        sketch.say("How much is the bus ticket, in dollars?")
        sketch.do("The bus costs {e}.", "*", total, cost, money=True)
        return
    if draw.random() < 0.5:
        sketch.say(f"{cast.pro} comes back by the same way. How many {unit} is the round trip?")
        sketch.do(f"There and back that is {{e}} {unit}.", "*", total, 2)
        return
    sketch.say(f"How many {unit} does {cast.hero} cover?")


def collections(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """A chain of comparisons: times as many, more, fewer, half."""
    thing = draw.pick(
        ("marbles", "stamps", "shells", "books", "trading cards", "coins", "stickers", "postcards")
    )
    start = 2 * draw.between(4, 30)
    names = [cast.hero, *cast.others[: draw.between(2, 4)]]
    sketch.say(f"{names[0]} has {start} {thing}.")
    values: list[int | Ref] = [start]
    for before, name in pairwise(names):
        last = values[-1]
        amount = last if isinstance(last, int) else last.value
        shape = draw.random()
        if shape < 0.35:
            times = draw.between(2, 4)
            sketch.say(f"{name} has {_TIMES[times]} as many {thing} as {before}.")
            values.append(sketch.do(f"{name} has {{e}} {thing}.", "*", last, times))
        elif shape < 0.6 or amount < 8:
            more = draw.between(3, 20)
            sketch.say(f"{name} has {more} more {thing} than {before}.")
            values.append(sketch.do(f"{name} has {{e}} {thing}.", "+", last, more))
        elif shape < 0.8 or amount % 2:
            fewer = draw.between(2, min(15, amount - 2))
            sketch.say(f"{name} has {fewer} fewer {thing} than {before}.")
            values.append(sketch.do(f"{name} has {{e}} {thing}.", "-", last, fewer))
        else:
            sketch.say(f"{name} has half as many {thing} as {before}.")
            values.append(sketch.do(f"{name} has {{e}} {thing}.", "/", last, 2))
    total = sketch.do(f"Together they have {{e}} {thing}.", "+", *values)
    if draw.random() < 0.3:
        lost = draw.between(1, max(1, total.value // 4))
        sketch.say(f"Then {lost} of all these {thing} are lost. How many {thing} do they have now?")
        sketch.do(f"Now there are {{e}} {thing}.", "-", total, lost)
    else:
        sketch.say(
            draw.pick((f"How many {thing} do they have altogether?", f"What is the total number of {thing}?"))
        )


def reading(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """Pages on weekdays and weekends, and what is left."""
    weekday, more, weeks = draw.between(8, 30), draw.between(4, 20), draw.between(1, 4)
    sketch.say(
        f"{cast.hero} reads {weekday} pages on each weekday "
        f"and {more} pages more than that on each day of the weekend."
    )
    five = sketch.do(f"On weekdays {cast.pro.lower()} reads {{e}} pages.", "*", 5, weekday)
    day = sketch.do("On a weekend day it is {e} pages.", "+", weekday, more)
    two = sketch.do("Over the weekend it is {e} pages.", "*", 2, day)
    week = sketch.do(f"In a week {cast.pro.lower()} reads {{e}} pages.", "+", five, two)
    if weeks > 1:
        sketch.say(f"{cast.pro} keeps this up for {weeks} weeks.")
        week = sketch.do(f"In {weeks} weeks that is {{e}} pages.", "*", week, weeks)
    if draw.random() < 0.5:
        whole = week.value + draw.between(5, 200)
        sketch.say(f"The book has {whole} pages. How many pages are left to read?")
        sketch.do("{e} pages are left.", "-", whole, week)
    else:
        sketch.say(f"How many pages does {cast.hero} read{' in a week' if weeks == 1 else ''}?")


def school(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """Classes, a percentage of the students, groups."""
    classes, size, percent = draw.between(3, 9), draw.pick((20, 25, 30, 40)), draw.pick((20, 40, 60, 80))
    club = draw.pick(
        ("sing in the choir", "play chess", "walk to school", "learn Spanish", "play an instrument")
    )
    sketch.say(f"A school has {classes} classes of {size} students. {percent}% of the students {club}.")
    total = sketch.do("The school has {e} students.", "*", classes, size)
    part = sketch.do(f"{{e}} students {club}.", "%", percent, total)
    who, ask = f"The students who {club}", f"How many students {club}?"
    if draw.random() < 0.5:
        who, ask = "The other students", "How many students do not?"
        part = sketch.do("{e} students do not.", "-", total, part)
    fits = [n for n in (2, 3, 4, 5, 6, 8, 10) if part.value % n == 0]
    if fits and draw.random() < 0.6:
        team, fee = draw.pick(fits), draw.between(3, 20)
        sketch.say(f"{who} form groups of {team}, and each group is given ${fee} for material.")
        groups = sketch.do("They form {e} groups.", "/", part, team)
        sketch.say("How many dollars does the school spend on this?")
        sketch.do("The school spends {e}.", "*", groups, fee, money=True)
    else:
        sketch.say(ask)


def orchard(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """Rows of trees, fruit per tree, crates."""
    fruit = draw.pick(("apples", "pears", "peaches", "plums", "oranges", "lemons"))
    rows, trees, each = draw.between(3, 12), draw.between(4, 15), draw.pick((20, 30, 40, 50, 60))
    crate = draw.pick((5, 10))
    sketch.say(
        f"An orchard has {rows} rows of {trees} trees, and {cast.hero} picks {each} {fruit} from every tree."
    )
    count = sketch.do("There are {e} trees.", "*", rows, trees)
    picked = sketch.do(f"{cast.hero} picks {{e}} {fruit}.", "*", count, each)
    if draw.random() < 0.5:
        percent = draw.pick((10, 20, 50))
        sketch.say(f"{percent}% of the {fruit} are too small to sell.")
        small = sketch.do(f"{{e}} {fruit} are too small.", "%", percent, picked)
        picked = sketch.do(f"{{e}} {fruit} can be sold.", "-", picked, small)
    if picked.value % crate == 0:
        price = draw.between(2, 9)
        sketch.say(f"They are packed {crate} to a bag, and a bag sells for ${price}.")
        bags = sketch.do("That fills {e} bags.", "/", picked, crate)
        income = sketch.do("The bags bring {e}.", "*", bags, price, money=True)
        share(draw, sketch, cast, income, f"How many dollars does {cast.hero} get for the {fruit}?")
    else:
        sketch.say(f"How many {fruit} can be sold?")


def tank(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """Something fills and drains at once."""
    into, out, start = draw.between(12, 40), draw.between(2, 10), draw.between(20, 200)
    minutes = draw.between(5, 30)
    vessel = draw.pick(("pool", "water tank", "pond", "reservoir"))
    sketch.say(
        f"A {vessel} has {start} liters of water in it. A pump adds {into} liters a minute, "
        f"while a leak loses {out} liters a minute."
    )
    net = sketch.do("Each minute the volume grows by {e} liters.", "-", into, out)
    if draw.random() < 0.5:
        sketch.say(f"How many liters are in the {vessel} after {minutes} minutes?")
        grown = sketch.do(f"In {minutes} minutes it grows by {{e}} liters.", "*", net, minutes)
        sketch.do("The volume is then {e} liters.", "+", start, grown)
        return
    full = start + net.value * minutes
    sketch.say(f"It is full at {full} liters.")
    room = sketch.do("There is room for {e} liters.", "-", full, start)
    time = sketch.do("It takes {e} minutes to fill.", "/", room, net)
    cost = draw.between(2, 6)
    if draw.random() < 0.5:
        sketch.say(
            f"Running the pump costs {cost} cents a minute. How many cents does it cost to fill the {vessel}?"
        )
        sketch.do("The pump costs {e} cents.", "*", time, cost)
    else:
        sketch.say(f"How many minutes does it take to fill the {vessel}?")


def ages(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """Ages in relation to each other, some years on."""
    young, times, older, years = (
        draw.between(5, 14),
        draw.between(2, 4),
        draw.between(3, 25),
        draw.between(2, 12),
    )
    a, b, c = cast.hero, cast.others[0], cast.others[1]
    sketch.say(
        f"{a} is {young} years old. {b} is {_TIMES[times]} as old as {a}, "
        f"and {c} is {older} years older than {b}."
    )
    second = sketch.do(f"{b} is {{e}} years old.", "*", young, times)
    third = sketch.do(f"{c} is {{e}} years old.", "+", second, older)
    if draw.random() < 0.5:
        sketch.say(f"How old will {c} be in {years} years?")
        sketch.do(f"In {years} years {c} will be {{e}}.", "+", third, years)
        return
    total = sketch.do("Their ages add up to {e}.", "+", young, second, third)
    if draw.random() < 0.5:
        sketch.say(f"What will the sum of their three ages be in {years} years?")
        grown = sketch.do(f"Three people gain {{e}} years in {years} years.", "*", 3, years)
        sketch.do("The sum is then {e}.", "+", total, grown)
    else:
        sketch.say("What is the sum of their ages?")


def works(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """A crew, a daily rate and a deadline."""
    task = draw.pick(
        (("bricks", "lay"), ("tiles", "fit"), ("fence posts", "set"), ("signs", "paint"), ("chairs", "build"))
    )
    crew, rate, days, more = draw.between(3, 8), draw.between(12, 60), draw.between(3, 9), draw.between(2, 5)
    sketch.say(f"A crew of {crew} workers must {task[1]} {task[0]}; each of them can {task[1]} {rate} a day.")
    daily = sketch.do(f"The crew can {task[1]} {{e}} {task[0]} a day.", "*", crew, rate)
    done = sketch.do(f"In {days} days that is {{e}} {task[0]}.", "*", daily, days)
    sketch.say(f"They work for {days} days.")
    if draw.random() < 0.5:
        sketch.say(f"Then {more} workers join them for one more day. How many {task[0]} are done in the end?")
        larger = sketch.do("The crew now has {e} workers.", "+", crew, more)
        last = sketch.do(f"On the last day they {task[1]} {{e}} {task[0]}.", "*", larger, rate)
        sketch.do(f"Altogether {{e}} {task[0]} are done.", "+", done, last)
    else:
        left = daily.value * more
        sketch.say(f"The job is {done.value + left} {task[0]}. How many more days will the crew need?")
        rest = sketch.do(f"{{e}} {task[0]} are left.", "-", done.value + left, done)
        sketch.do("That takes {e} more days.", "/", rest, daily)
