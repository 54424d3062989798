"""How comparison questions are worded, `{x}` and `{y}` being what is compared."""


def _older(one: str, more: str, past: str) -> tuple[str, ...]:
    return (
        f"Which {one} was {past} first, {{x}} or {{y}}?",
        f"Was {{x}} or {{y}} {past} earlier?",
        f"Which {one} is older, {{x}} or {{y}}?",
        f"Between {{x}} and {{y}}, which {one} was {past} first?",
        f"Of the {more} {{x}} and {{y}}, which was {past} earlier?",
        f"{{x}} and {{y}} are {more}; which of them was {past} first?",
        f"Which was {past} before the other, {{x}} or {{y}}?",
        f"Which of these {more} is the older one, {{x}} or {{y}}?",
        f"Which one was {past} in an earlier year, {{x}} or {{y}}?",
    )


def _larger(one: str, more: str, has: str, adjective: str, *others: str) -> tuple[str, ...]:
    return (
        f"Which {one} {has}, {{x}} or {{y}}?",
        f"Between {{x}} and {{y}}, which {one} {has}?",
        f"Of {{x}} and {{y}}, which {has}?",
        f"Which one {has}, {{x}} or {{y}}?",
        f"Which of the two {more} {has}, {{x}} or {{y}}?",
        f"Which {one} is {adjective}, {{x}} or {{y}}?",
        *others,
    )


YEARS = {
    "film": (*_older("film", "films", "released"), "Did {x} or {y} come out earlier?"),
    "novel": _older("novel", "novels", "published"),
    "album": _older("album", "albums", "released"),
    "band": _older("band", "bands", "formed"),
    "company": _older("company", "companies", "founded"),
    "university": _older("university", "universities", "founded"),
    "newspaper": _older("newspaper", "newspapers", "founded"),
    "ship": _older("ship", "ships", "launched"),
    "stadium": _older("stadium", "stadiums", "opened"),
    "person": (
        "Who was born first, {x} or {y}?",
        "Who is older, {x} or {y}?",
        "Who is the elder, {x} or {y}?",
        "Between {x} and {y}, who was born earlier?",
        "Of {x} and {y}, who is the older one?",
        "Was {x} or {y} born first?",
        "Who was born in an earlier year, {x} or {y}?",
    ),
}
"""By kind: which is the older one."""

SIZES = {
    ("town", "population"): _larger(
        "town", "towns", "has more inhabitants", "more populous", "Do more people live in {x} or in {y}?"
    ),
    ("river", "length"): _larger(
        "river", "rivers", "has the longer course", "longer", "Is {x} or {y} the longer river?"
    ),
    ("stadium", "capacity"): _larger(
        "stadium", "stadiums", "can seat more people", "larger", "Which holds more spectators, {x} or {y}?"
    ),
    ("university", "students"): _larger(
        "university", "universities", "has more students", "larger by the number of students"
    ),
    ("film", "length"): _larger(
        "film", "films", "has the longer running time", "longer", "Does {x} or {y} run longer?"
    ),
    ("company", "staff"): _larger(
        "company",
        "companies",
        "has the larger workforce",
        "the larger employer",
        "Do more people work for {x} or for {y}?",
    ),
}
"""By kind and relation: which has more."""

SAME = {
    ("person", ""): (
        "Are {x} and {y} of the same nationality?",
        "Do {x} and {y} come from the same country?",
        "Do {x} and {y} share a nationality?",
        "Is the nationality of {x} the same as that of {y}?",
    ),
    ("person", "university"): (
        "Did {x} and {y} attend the same university?",
        "Did {x} and {y} study at the same place?",
        "Do {x} and {y} have the same alma mater?",
        "Are {x} and {y} graduates of the same university?",
    ),
    ("person", "birthplace"): (
        "Were {x} and {y} born in the same town?",
        "Do {x} and {y} have the same birthplace?",
        "Are {x} and {y} natives of the same town?",
    ),
    ("company", "headquarters"): (
        "Are {x} and {y} headquartered in the same town?",
        "Do {x} and {y} have their headquarters in the same town?",
        "Are the headquarters of {x} in the same town as those of {y}?",
    ),
    ("university", "town"): (
        "Are {x} and {y} located in the same town?",
        "Can {x} and {y} be found in the same town?",
        "Is {x} in the same town as {y}?",
    ),
    ("town", "river"): (
        "Do {x} and {y} lie on the same river?",
        "Does one river flow through both {x} and {y}?",
        "Are {x} and {y} towns on the same river?",
    ),
    ("town", "region"): (
        "Do {x} and {y} belong to the same region?",
        "Are {x} and {y} in the same region?",
        "Is {x} part of the same region as {y}?",
    ),
    ("film", "director"): (
        "Were {x} and {y} directed by the same person?",
        "Are {x} and {y} films by the same director?",
        "Do {x} and {y} have the same director?",
        "Is the director of {x} also the director of {y}?",
    ),
    ("film", "company"): (
        "Were {x} and {y} produced by the same company?",
        "Are {x} and {y} productions of the same company?",
        "Does one company stand behind both {x} and {y}?",
    ),
    ("album", "label"): (
        "Were {x} and {y} released by the same company?",
        "Did {x} and {y} appear on the same label?",
        "Are {x} and {y} records of the same label?",
    ),
    ("ship", "builder"): (
        "Were {x} and {y} built by the same company?",
        "Do {x} and {y} have the same builder?",
        "Did one company build both {x} and {y}?",
    ),
    ("newspaper", "owner"): (
        "Are {x} and {y} owned by the same company?",
        "Do {x} and {y} have the same owner?",
        "Does one company own both {x} and {y}?",
    ),
}
"""By kind and relation: whether both have the same; the relation `""` is the country."""
