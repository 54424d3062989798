"""Places and institutions: firms, universities, towns, rivers, clubs, stadiums."""

from mas2_tasks.procedural.kinds import Kind, Relation, place, relation


def _founder(role: str) -> Relation:
    return relation(
        "person",
        "{s} was founded by {o}.|{o} founded {s}.|{s} goes back to its founder, {o}.|"
        "{o} is the person who founded {s}.",
        "the founder of {s}|the person who founded {s}",
        "Who founded {s}?|Who was the founder of {s}?|By whom was {s} founded?",
        role=role,
    )


def _size(what: str, unit: str = "") -> Relation:
    unit = f" {unit}" if unit else ""
    return relation(
        "number",
        f"{{s}} has a {what} of {{o}}{unit}.|The {what} of {{s}} is {{o}}{unit}.|"
        f"{{s}} reports a {what} of {{o}}{unit}.",
        "",
        f"What is the {what} of {{s}}?",
    )


PLACES: dict[str, Kind] = {
    "company": Kind(
        "the company",
        (
            "{s} is a {nation} {word} company founded in {year}.",
            "Founded in {year}, {s} is a {word} company.",
            "{s} is a {word} company from {country}, founded in {year}.",
        ),
        ("The company", "The firm", "It"),
        (
            "media",
            "publishing",
            "shipbuilding",
            "record",
            "film",
            "railway",
            "brewing",
            "glass",
            "textile",
            "toy",
        ),
        {
            "headquarters": place("headquartered"),
            "founder": _founder("entrepreneur"),
            "staff": _size("workforce"),
        },
        " (company)",
    ),
    "university": Kind(
        "",
        (
            "{s} is a {word} university founded in {year}.",
            "Founded in {year}, {s} is a {word} {nation} university.",
            "{s} is a {word} university in {country}; it was founded in {year}.",
        ),
        ("The university", "The institution", "It"),
        ("private", "public", "technical", "small", "renowned"),
        {
            "town": place("located"),
            "rector": relation(
                "person",
                "The rector of {s} is {o}.|{s} is led by {o}.|{o} is rector of {s}.",
                "the rector of {s}|the person who leads {s}",
                "Who is the rector of {s}?|Who leads {s}?",
                role="scholar",
            ),
            "founder": _founder("philanthropist"),
            "students": relation(
                "number",
                "{s} has {o} students.|{s} counts {o} students.",
                "",
                "How many students does {s} have?",
            ),
        },
    ),
    "town": Kind(
        "the town",
        (
            "{s} is a {word} town in {country}, first recorded in {year}.",
            "{s} is a {nation} {word} town that received its charter in {year}.",
            "{s} is a {word} town in {country}; its charter dates from {year}.",
        ),
        ("The town", "It"),
        ("market", "harbour", "mining", "cathedral", "spa", "mill", "garrison", "university"),
        {
            "river": relation(
                "river",
                "{s} lies on the {o}.|{s} stands on the banks of the {o}.|The {o} flows through {s}.",
                "the river on which {s} lies|the river that flows through {s}",
                "On which river does {s} lie?|Which river flows through {s}?",
            ),
            "mayor": relation(
                "person",
                "The mayor of {s} is {o}.|{o} is mayor of {s}.|{s} is governed by {o}.",
                "the mayor of {s}|the person who governs {s}",
                "Who is the mayor of {s}?|Who is mayor of {s}?",
                role="politician",
            ),
            "region": relation(
                "region",
                "{s} belongs to {o}.|{s} is part of {o}.|{s} lies in {o}.",
                "",
                "To which region does {s} belong?|In which region does {s} lie?",
            ),
            "population": relation(
                "number",
                "{s} has a population of {o}.|At the last census {s} had {o} inhabitants.|"
                "The population of {s} is {o}.",
                "",
                "What is the population of {s}?|How many inhabitants does {s} have?",
            ),
        },
    ),
    "river": Kind(
        "the river",
        (
            "The {s} is a {word} river in {country}, first mapped in {year}.",
            "The {s} is a {nation} river, {word} for most of its course and mapped in {year}.",
        ),
        ("The river", "It"),
        ("navigable", "slow", "rapid", "winding", "shallow"),
        {
            "source": relation(
                "hill",
                "{s} rises on {o}.|The source of {s} is on {o}.|{s} begins on the slopes of {o}.",
                "",
                "On which mountain does {s} rise?|What mountain is {s} rising on?",
            ),
            "mouth": relation(
                "lake",
                "{s} flows into {o}.|{s} ends in {o}.|{s} empties into {o}.",
                "",
                "Into which lake does {s} flow?|What lake does {s} empty into?",
            ),
            "length": relation(
                "number",
                "{s} is {o} kilometres long.|{s} has a length of {o} kilometres.",
                "",
                "How many kilometres long is {s}?|What is the length in kilometres of {s}?",
            ),
        },
    ),
    "club": Kind(
        "the football club",
        (
            "{s} is a {nation} football club founded in {year}.",
            "Founded in {year}, {s} is a {word} football club.",
            "{s} is a {word} football club from {country}, founded in {year}.",
        ),
        ("The club", "The side", "It"),
        ("professional", "semi-professional", "amateur", "first-division", "second-division"),
        {
            "stadium": relation(
                "stadium",
                "{s} plays its home games at {o}.|The home ground of {s} is {o}.|{s} plays at {o}.",
                "the stadium where {s} plays its home games|the home ground of {s}",
                "At which stadium does {s} play its home games?|What is the home ground of {s}?",
            ),
            "coach": relation(
                "person",
                "{s} is coached by {o}.|The coach of {s} is {o}.|{o} coaches {s}.",
                "the coach of {s}|the person who coaches {s}",
                "Who coaches {s}?|Who is the coach of {s}?",
                role="football manager",
            ),
            "colours": relation(
                "colours", "The colours of {s} are {o}.|{s} plays in {o}.", "", "What are the colours of {s}?"
            ),
        },
        " F.C.",
    ),
    "stadium": Kind(
        "",
        (
            "{s} is a {word} stadium opened in {year}.",
            "Opened in {year}, {s} is a {nation} {word} stadium.",
        ),
        ("The stadium", "The arena", "It"),
        ("multi-purpose", "football", "modern", "covered", "municipal"),
        {
            "town": place("located"),
            "architect": relation(
                "person",
                "{s} was designed by {o}.|{o} designed {s}.|The architect of {s} was {o}.",
                "the architect of {s}|the person who designed {s}",
                "Who designed {s}?|Who was the architect of {s}?",
                role="architect",
            ),
            "capacity": relation(
                "number",
                "{s} holds {o} spectators.|The capacity of {s} is {o}.|{s} can seat {o} people.",
                "",
                "How many people can {s} seat?|What is the capacity of {s}?",
            ),
        },
    ),
}

COLOURS = tuple(
    f"{one} and {other}"
    for one in ("red", "blue", "green", "black", "maroon", "orange")
    for other in ("white", "gold", "grey", "silver")
)
NUMBERS = {
    "staff": (60, 9000),
    "students": (900, 42000),
    "population": (1800, 260000),
    "length": (38, 690),
    "capacity": (3200, 68000),
}
