"""Word problems about money: shopping, wages, savings, tickets, fees, sales."""

from mas2_tasks.procedural.arithmetic import Ref, Sketch
from mas2_tasks.procedural.cast import Cast
from mas2_tasks.procedural.draw import Draw


def share(draw: Draw, sketch: Sketch, cast: Cast, money: Ref, ask: str) -> None:
    """End a story about money: ask for it, or let the hero spend, lend or split it first."""
    amount = money.value
    shape = draw.random()
    if shape < 0.3 and amount > 12:
        spent = draw.between(2, amount // 2)
        thing = draw.pick(("a lamp", "a jacket", "a birthday present", "concert tickets", "a pair of shoes"))
        sketch.say(f"{cast.pro} then spends ${spent} on {thing}. How much money does {cast.hero} have left?")
        sketch.do(f"After buying {thing}, {cast.hero} has {{e}} left.", "-", money, spent, money=True)
    elif shape < 0.5 and any(amount % n == 0 for n in (2, 3, 4, 5)):
        ways = draw.pick([n for n in (2, 3, 4, 5) if amount % n == 0])
        word = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth"}[ways]
        sketch.say(
            f"{cast.pro} puts {word} of it into a savings account. "
            f"How many dollars does {cast.pro.lower()} save?"
        )
        sketch.do(f"{cast.pro} saves {{e}}.", "/", money, ways, money=True)
    elif shape < 0.62:
        had = draw.between(5, 90)
        sketch.say(f"{cast.pro} already had ${had}. How much money does {cast.hero} have now?")
        sketch.do(
            f"Together with what {cast.pro.lower()} had, {cast.hero} has {{e}}.", "+", money, had, money=True
        )
    else:
        sketch.say(ask)


def shopping(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """A basket, and perhaps a discount, a voucher and change."""
    place, goods = draw.pick(_SHOPS)
    chosen = draw.some(goods, draw.between(2, 4))
    lots = [(draw.between(2, 9), price + draw.between(0, 4), thing) for thing, price in chosen]
    listed = [f"{count} {thing} at ${price} each" for count, price, thing in lots]
    verb = draw.pick(("buys", "picks up", "orders", "pays for"))
    sketch.say(f"At {place}, {cast.hero} {verb} {', '.join(listed[:-1])} and {listed[-1]}.")
    parts = [
        sketch.do(f"The {thing} cost {{e}}.", "*", count, price, money=True) for count, price, thing in lots
    ]
    total = sketch.do("In total that is {e}.", "+", *parts, money=True)
    discount = draw.pick((10, 20, 25, 50))
    if draw.random() < 0.4 and total.value * discount % 100 == 0:
        sketch.say(f"Today there is a {discount}% discount on everything.")
        off = sketch.do(f"The discount of {discount}% is worth {{e}}.", "%", discount, total, money=True)
        total = sketch.do("After the discount the bill is {e}.", "-", total, off, money=True)
    elif draw.random() < 0.3 and total.value > 9:
        voucher = draw.between(2, 7)
        sketch.say(f"{cast.pro} has a voucher for ${voucher}.")
        total = sketch.do("With the voucher the bill is {e}.", "-", total, voucher, money=True)
    if draw.random() < 0.6:
        paid = (total.value // 50 + 1) * 50
        sketch.say(f"{cast.pro} pays with ${paid}. How much change does {cast.pro.lower()} get, in dollars?")
        sketch.do("The change is {e}.", "-", paid, total, money=True)
    else:
        sketch.say(draw.pick(("How much does the shopping cost?", f"How many dollars does {cast.hero} pay?")))


_SHOPS = (
    ("the market", (("melons", 3), ("jars of honey", 6), ("loaves of bread", 4), ("bags of rice", 7))),
    ("the stationery shop", (("notebooks", 3), ("pens", 2), ("folders", 4), ("calculators", 11))),
    ("a garden centre", (("rose bushes", 9), ("bags of soil", 6), ("clay pots", 5), ("packs of seeds", 2))),
    ("the toy store", (("puzzles", 8), ("model cars", 5), ("board games", 18), ("stuffed bears", 12))),
    ("the hardware store", (("paint cans", 14), ("brushes", 4), ("boxes of nails", 3), ("hinges", 2))),
    ("the bakery", (("pies", 9), ("muffins", 2), ("cakes", 15), ("trays of rolls", 6))),
)


def wages(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """Hours, wage and days; overtime or expenses."""
    job = draw.pick(
        ("a waiter", "a tutor", "a cashier", "a driver", "a lifeguard", "a gardener", "a receptionist")
    )
    hours, wage, days = draw.between(3, 9), draw.between(9, 28), draw.between(3, 6)
    sketch.say(
        draw.pick(
            (
                f"{cast.hero} works as {job} for ${wage} an hour, {hours} hours a day, {days} days a week.",
                f"As {job}, {cast.hero} earns ${wage} per hour, working {hours} hours on {days} days a week.",
            )
        )
    )
    worked = sketch.do(f"{cast.hero} works {{e}} hours a week.", "*", hours, days)
    week = sketch.do(f"In a week {cast.pro.lower()} earns {{e}}.", "*", worked, wage, money=True)
    if draw.random() < 0.45:
        extra, rate = draw.between(2, 8), wage + draw.between(3, 12)
        sketch.say(f"Every week {cast.pro.lower()} also does {extra} hours of overtime at ${rate} an hour.")
        over = sketch.do("The overtime brings {e}.", "*", extra, rate, money=True)
        week = sketch.do("With overtime that makes {e}.", "+", week, over, money=True)
    if draw.random() < 0.4:
        weeks = draw.between(2, 5)
        sketch.say(f"{cast.pro} does this for {weeks} weeks.")
        week = sketch.do(f"In {weeks} weeks {cast.pro.lower()} earns {{e}}.", "*", week, weeks, money=True)
    if draw.random() < 0.5:
        fee = draw.between(5, 40)
        sketch.say(f"Of this, ${fee} goes to bus fares and {draw.pick(('lunches', 'uniforms', 'tools'))}.")
        week = sketch.do("After those costs {e} is left.", "-", week, fee, money=True)
    share(draw, sketch, cast, week, f"How many dollars does {cast.hero} have at the end?")


def saving(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """Weekly savings towards a price."""
    goal = draw.pick(("a bicycle", "a guitar", "a telescope", "a camera", "a kayak", "a tent"))
    weekly, weeks, gift = draw.between(6, 35), draw.between(4, 12), draw.between(10, 60)
    sketch.say(f"{cast.hero} wants to buy {goal} and puts aside ${weekly} a week for {weeks} weeks.")
    saved = sketch.do(f"{cast.hero} puts aside {{e}}.", "*", weekly, weeks, money=True)
    if draw.random() < 0.6:
        sketch.say(f"{cast.others[0]} adds ${gift} for {cast.his} birthday.")
        saved = sketch.do(f"With the gift {cast.pro.lower()} has {{e}}.", "+", saved, gift, money=True)
    if draw.random() < 0.4:
        sold, price = draw.between(2, 9), draw.between(3, 12)
        sketch.say(f"{cast.pro} also sells {sold} old games for ${price} each.")
        games = sketch.do("The games bring {e}.", "*", sold, price, money=True)
        saved = sketch.do(f"Now {cast.pro.lower()} has {{e}}.", "+", saved, games, money=True)
    if draw.random() < 0.6:
        more = draw.between(2, 9)
        cost = saved.value + more * weekly
        sketch.say(f"It costs ${cost}. How many more weeks must {cast.hero} save at the same rate?")
        missing = sketch.do(f"{cast.pro} still needs {{e}}.", "-", cost, saved, money=True)
        sketch.do("That takes {e} more weeks.", "/", missing, weekly)
    else:
        cost = saved.value + draw.between(5, 90)
        sketch.say(f"It costs ${cost}. How many dollars are missing?")
        sketch.do("{e} are missing.", "-", cost, saved, money=True)


def event(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """Tickets for adults and children, costs, and a split of the profit."""
    adult, child = draw.between(8, 20), draw.between(3, 7)
    adults, children, helpers = draw.between(20, 90), draw.between(10, 80), draw.between(2, 5)
    show = draw.pick(("school play", "puppet show", "concert", "fair", "film night", "dance"))
    sketch.say(
        f"For the {show}, {adults} adult tickets at ${adult} "
        f"and {children} child tickets at ${child} are sold."
    )
    one = sketch.do("Adult tickets bring {e}.", "*", adults, adult, money=True)
    two = sketch.do("Child tickets bring {e}.", "*", children, child, money=True)
    total = sketch.do("All tickets bring {e}.", "+", one, two, money=True)
    hall = total.value % helpers + helpers * draw.between(3, 20)
    sketch.say(f"The hall costs ${hall} and there are no other costs.")
    profit = sketch.do("The profit is {e}.", "-", total, hall, money=True)
    if draw.random() < 0.6:
        sketch.say(
            f"The profit is shared equally by {helpers} organizers. How many dollars does each one get?"
        )
        sketch.do("Each organizer gets {e}.", "/", profit, helpers, money=True)
    else:
        sketch.say("What is the profit, in dollars?")


def plan(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """A monthly fee with an allowance and a price for what goes beyond it."""
    what, unit = draw.pick(
        (("phone plan", "minutes"), ("gym membership", "classes"), ("bike rental", "rides"))
    )
    fee, free, price, used = (
        draw.between(15, 45),
        draw.between(10, 60),
        draw.between(1, 4),
        draw.between(5, 40),
    )
    months = draw.between(2, 6)
    sketch.say(
        f"{cast.hero}'s {what} costs ${fee} a month with {free} {unit} included; "
        f"every further one costs ${price}. Each month {cast.pro.lower()} uses {free + used} {unit}."
    )
    extra = sketch.do(f"{{e}} {unit} are not included.", "-", free + used, free)
    cost = sketch.do("They cost {e}.", "*", extra, price, money=True) if price > 1 else extra
    month = sketch.do("A month costs {e}.", "+", cost, fee, money=True)
    if draw.random() < 0.7:
        sketch.say(f"How many dollars does {cast.hero} pay in {months} months?")
        sketch.do(f"In {months} months that is {{e}}.", "*", month, months, money=True)
    else:
        sketch.say(f"How many dollars does {cast.hero} pay each month?")


def farm(draw: Draw, sketch: Sketch, cast: Cast) -> None:
    """A daily yield, what is kept, and what the rest sells for."""
    animal, good, low, high = draw.pick(
        (
            ("beehives", "jars of honey", 2, 4),
            ("goats", "liters of milk", 2, 5),
            ("cows", "liters of milk", 15, 28),
        )
    )
    herd, each, kept, price = (
        draw.between(6, 30),
        draw.between(low, high),
        draw.between(2, 5),
        draw.between(2, 5),
    )
    sketch.say(f"{cast.hero} keeps {herd} {animal}; each gives {each} {good} a day.")
    day = sketch.do(f"The {animal} give {{e}} {good} a day.", "*", herd, each)
    sketch.say(f"The family uses {kept} {good} every day and sells the rest for ${price} each.")
    sold = sketch.do(f"{{e}} {good} are sold every day.", "-", day, kept)
    income = sketch.do("That brings {e} a day.", "*", sold, price, money=True)
    if draw.random() < 0.7:
        days = draw.pick((5, 7, 10, 14, 30))
        income = sketch.do(f"In {days} days that is {{e}}.", "*", income, days, money=True)
        period = f"in {days} days"
    else:
        period = "a day"
    if draw.random() < 0.5 and income.value > 30:
        feed = draw.between(5, income.value // 2)
        sketch.say(
            f"Feed for this time costs ${feed}. What profit does {cast.hero} make {period}, in dollars?"
        )
        sketch.do("After feed the profit is {e}.", "-", income, feed, money=True)
    else:
        sketch.say(f"How many dollars does {cast.hero} take in {period}?")
