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
    ("film", "director"): ("the film directed by {o}", "the film that {o} directed"),
    ("film", "star"): ("the film that stars {o}", "the film in which {o} plays the lead"),
    ("film", "composer"): ("the film scored by {o}",),
    ("film", "setting"): ("the film that is set in {o}",),
    ("novel", "author"): ("the novel written by {o}", "the book that {o} wrote"),
    ("novel", "setting"): ("the novel that is set in {o}",),
    ("album", "band"): ("the album recorded by {o}",),
    ("album", "producer"): ("the album produced by {o}", "the record that {o} produced"),
    ("band", "singer"): ("the band fronted by {o}", "the band in which {o} sings"),
    ("band", "guitarist"): ("the band in which {o} plays guitar",),
    ("ship", "captain"): ("the ship commanded by {o}", "the ship whose captain was {o}"),
    ("newspaper", "editor"): ("the newspaper edited by {o}", "the newspaper that {o} edits"),
    ("company", "founder"): ("the company founded by {o}", "the company that {o} founded"),
    ("university", "rector"): ("the university led by {o}", "the university whose rector is {o}"),
    ("university", "founder"): ("the university founded by {o}",),
    ("town", "mayor"): ("the town governed by {o}", "the town whose mayor is {o}"),
    ("club", "coach"): ("the football club coached by {o}", "the football club that {o} coaches"),
    ("club", "stadium"): ("the football club that plays at {o}",),
    ("stadium", "architect"): ("the stadium designed by {o}", "the stadium that {o} designed"),
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
    ("film", "company", "length"): ("the longest film produced by {o}",),
    ("film", "director", ""): ("the first film directed by {o}", "the earliest film of {o}"),
    ("film", "star", ""): ("the first film that stars {o}", "the first film in which {o} played the lead"),
    ("novel", "author", ""): ("the first novel by {o}", "the earliest novel that {o} wrote"),
    ("album", "band", ""): ("the first album by {o}", "the debut album of {o}"),
    ("ship", "builder", ""): ("the oldest ship built by {o}", "the first ship that {o} built"),
    ("newspaper", "owner", ""): ("the oldest newspaper owned by {o}",),
    ("university", "founder", ""): ("the oldest university founded by {o}",),
}
"""By (kind, relation whose value they share, relation that ranks them; none: the earliest in years)."""
