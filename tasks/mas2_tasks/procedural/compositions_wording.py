"""How compositional questions name things: by what they are known for, or as the most of their kind."""

DATES = {
    "person": ("When was {s} born?", "In what year was {s} born?", "What is the year of birth of {s}?"),
    "company": (
        "When was {s} founded?",
        "In what year was {s} founded?",
        "What is the founding year of {s}?",
    ),
    "university": ("When was {s} founded?", "In what year was {s} founded?", "In which year did {s} start?"),
    "stadium": ("When was {s} opened?", "In what year was {s} opened?", "In which year did {s} open?"),
    "band": ("When was {s} formed?", "In what year was {s} formed?"),
    "film": ("When was {s} released?", "In what year did {s} come out?"),
    "novel": ("When was {s} published?", "In what year was {s} first published?"),
    "album": ("When was {s} released?", "In what year did {s} come out?"),
    "ship": ("When was {s} launched?", "In what year was {s} launched?"),
    "newspaper": ("When was {s} founded?", "In what year was {s} founded?"),
    "club": ("When was {s} founded?", "In what year was {s} founded?"),
}
"""Questions for the year in the lead."""

DESCRIPTIONS = {
    ("film", "director"): (
        "the film directed by {o}",
        "the film that {o} directed",
        "the film whose director is {o}",
        "the picture directed by {o}",
    ),
    ("film", "star"): (
        "the film that stars {o}",
        "the film in which {o} plays the lead",
        "the film with {o} in the leading role",
        "the film whose lead is played by {o}",
    ),
    ("film", "composer"): (
        "the film scored by {o}",
        "the film whose music is by {o}",
        "the film that {o} scored",
    ),
    ("film", "setting"): (
        "the film that is set in {o}",
        "the film whose story takes place in {o}",
        "the film set in the town of {o}",
    ),
    ("novel", "author"): (
        "the novel written by {o}",
        "the book that {o} wrote",
        "the novel whose author is {o}",
        "the novel by {o}",
    ),
    ("novel", "setting"): (
        "the novel that is set in {o}",
        "the novel whose story takes place in {o}",
        "the book set in the town of {o}",
    ),
    ("album", "band"): (
        "the album recorded by {o}",
        "the album by {o}",
        "the record that {o} made",
    ),
    ("album", "producer"): (
        "the album produced by {o}",
        "the record that {o} produced",
        "the album whose producer is {o}",
    ),
    ("band", "singer"): (
        "the band fronted by {o}",
        "the band in which {o} sings",
        "the band whose singer is {o}",
        "the group that {o} fronts",
    ),
    ("band", "guitarist"): (
        "the band in which {o} plays guitar",
        "the band with {o} on guitar",
        "the group whose guitarist is {o}",
    ),
    ("ship", "captain"): (
        "the ship commanded by {o}",
        "the ship whose captain was {o}",
        "the vessel under the command of {o}",
        "the ship that {o} commanded",
    ),
    ("newspaper", "editor"): (
        "the newspaper edited by {o}",
        "the newspaper that {o} edits",
        "the paper whose editor is {o}",
        "the newspaper with {o} as its editor",
    ),
    ("company", "founder"): (
        "the company founded by {o}",
        "the company that {o} founded",
        "the company whose founder is {o}",
        "the firm set up by {o}",
    ),
    ("university", "rector"): (
        "the university led by {o}",
        "the university whose rector is {o}",
        "the university that has {o} as its rector",
    ),
    ("university", "founder"): (
        "the university founded by {o}",
        "the university that {o} founded",
        "the university whose founder is {o}",
    ),
    ("town", "mayor"): (
        "the town governed by {o}",
        "the town whose mayor is {o}",
        "the town that has {o} as its mayor",
        "the town where {o} is mayor",
    ),
    ("club", "coach"): (
        "the football club coached by {o}",
        "the football club that {o} coaches",
        "the club whose coach is {o}",
        "the football side in the charge of {o}",
    ),
    ("club", "stadium"): (
        "the football club that plays at {o}",
        "the club whose home ground is {o}",
        "the football club with its home at {o}",
    ),
    ("stadium", "architect"): (
        "the stadium designed by {o}",
        "the stadium that {o} designed",
        "the stadium whose architect is {o}",
        "the arena designed by {o}",
    ),
}
"""How a thing is called by what one of its relations gives."""

SUPERLATIVES = {
    ("town", "region", "population"): ("the most populous town in {o}", "the largest town in {o}"),
    ("town", "river", "population"): ("the most populous town on the {o}", "the largest town on the {o}"),
    ("river", "mouth", "length"): ("the longest river that flows into {o}", "the longest tributary of {o}"),
    ("stadium", "architect", "capacity"): (
        "the largest stadium designed by {o}",
        "the stadium with the most seats that {o} designed",
    ),
    ("stadium", "town", "capacity"): ("the largest stadium in {o}", "the stadium with the most seats in {o}"),
    ("university", "town", "students"): (
        "the largest university in {o}",
        "the university with the most students in {o}",
    ),
    ("company", "headquarters", "staff"): (
        "the company with the largest workforce in {o}",
        "the largest employer in {o}",
    ),
    ("film", "director", "length"): ("the longest film directed by {o}", "the longest film that {o} made"),
    ("film", "company", "length"): (
        "the longest film produced by {o}",
        "the longest production of {o}",
        "the film with the longest running time that {o} produced",
    ),
    ("film", "director", ""): ("the first film directed by {o}", "the earliest film of {o}"),
    ("film", "star", ""): ("the first film that stars {o}", "the first film in which {o} played the lead"),
    ("novel", "author", ""): ("the first novel by {o}", "the earliest novel that {o} wrote"),
    ("album", "band", ""): (
        "the first album by {o}",
        "the earliest record that {o} made",
        "the first album that {o} recorded",
    ),
    ("ship", "builder", ""): ("the oldest ship built by {o}", "the first ship that {o} built"),
    ("newspaper", "owner", ""): (
        "the oldest newspaper owned by {o}",
        "the oldest paper that belongs to {o}",
        "the first newspaper that {o} owned",
    ),
    ("university", "founder", ""): (
        "the oldest university founded by {o}",
        "the first university that {o} founded",
        "the oldest of the universities that {o} set up",
    ),
}
"""By (kind, relation whose value they share, relation that ranks them; none: the earliest in years)."""


def second_most(phrase: str) -> str:
    """The phrase for the next after the most: `the second longest film`."""
    for word in ("first", "earliest"):
        if phrase.startswith(f"the {word} "):
            return phrase.replace(word, "second", 1)
    if phrase.startswith("the most ") or phrase.split(" ")[1].endswith("est"):
        return phrase.replace("the ", "the second ", 1)
    return phrase.replace("with the ", "with the second ", 1)
