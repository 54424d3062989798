"""How the corpus for browsing tells facts, and how its questions describe things without naming them.

Facts of a thing are its relations (those of `KINDS`) and what stands in the lead of its article: `year`,
`word` (its sort; of a person the occupation) and `country`. `~kind.relation` is the way back: that a thing of
`kind` has this one for its `relation`. `{s}` is the subject, `{o}` the value: a name, a range, a description.
"""

from typing import Final


def _table(**facts: str) -> dict[str, tuple[str, ...]]:
    return {name: tuple(texts.split("|")) for name, texts in facts.items()}


NOUNS: Final = {
    "person": "person",
    "town": "town",
    "river": "river",
    "university": "university",
    "company": "company",
    "film": "film",
    "novel": "novel",
    "album": "album",
    "band": "band",
    "club": "football club",
    "stadium": "stadium",
    "ship": "ship",
    "newspaper": "newspaper",
}

LEADS: Final = _table(
    person=(
        "{s}, born in {year}, is known as {aword} from {country}.|"
        "{s} ({word}, {country}, born {year}) figures in several of the sources used here.|"
        "Among {nation} names of the period, that of {s}, {aword} born in {year}, keeps coming back.|"
        "{year} is given as the year of birth of {s}, {anation} {word}."
    ),
    town=(
        "{s} is {aword} town in {country} whose name is first recorded in {year}.|"
        "First recorded in {year}, the {nation} {word} town of {s} has kept its old street plan.|"
        "The records of {s}, {aword} town in {country}, go back to {year}."
    ),
    river=(
        "{s} is {aword} river of {country}, surveyed for the first time in {year}.|"
        "Surveyed in {year}, {s} is {anation} river that is {word} for most of its course.|"
        "In {country} people call {s} a {word} river; the first survey dates from {year}."
    ),
    university=(
        "{s} is {aword} university that was founded in {year}.|"
        "Founded in {year}, {s} describes itself as {aword} university.|"
        "{s}, {aword} university, looks back on {year} as the year of its foundation."
    ),
    company=(
        "{s} is {aword} company founded in {year}.|"
        "Founded in {year}, {s} works as {aword} company.|"
        "The {word} company {s} was set up in {year}."
    ),
    film=(
        "{s} is {aword} film that reached cinemas in {year}.|"
        "Released in {year}, {s} is {aword} film.|"
        "In {year} audiences first saw {s}, {aword} film."
    ),
    novel=(
        "{s} is {aword} novel that came out in {year}.|"
        "First published in {year}, {s} is {aword} novel.|"
        "Readers met {s}, {aword} novel, in {year}."
    ),
    album=(
        "{s} is {aword} album from {year}.|"
        "Released in {year}, {s} is {aword} record.|"
        "The {word} album {s} came out in {year}."
    ),
    band=(
        "{s} is {aword} group that got together in {year}.|"
        "Formed in {year}, {s} plays {word} music.|"
        "The {word} band {s} has existed since {year}."
    ),
    club=(
        "{s} is {aword} football club that was founded in {year}.|"
        "Founded in {year}, {s} is {aword} side.|"
        "The {word} football club {s} dates from {year}."
    ),
    stadium=(
        "{s} is {aword} stadium that opened in {year}.|"
        "Opened in {year}, {s} is {aword} venue.|"
        "The gates of {s}, {aword} stadium, were opened in {year}."
    ),
    ship=(
        "{s} is {aword} ship that was launched in {year}.|"
        "Launched in {year}, {s} is {aword} vessel.|"
        "The {word} ship {s} left the slipway in {year}."
    ),
    newspaper=(
        "{s} is {aword} newspaper that first appeared in {year}.|"
        "Founded in {year}, {s} is {aword} paper.|"
        "The {word} newspaper {s} has been sold since {year}."
    ),
)
"""First sentences of articles; each gives year and sort, of people, towns and rivers also the country."""

HEADS: Final = {
    "article": ("{s}", "{s}: an overview", "About {s}", "{s} in brief", "Entry: {s}"),
    "profile": (
        "A conversation with {s}",
        "{s} remembered",
        "Portrait: {s}",
        "The early years of {s}",
        "{s}, from the archive",
    ),
}
LISTS: Final = _table(
    **{
        "person.birthplace": "Born in {s}|Natives of {s}: a list|Who was born in {s}",
        "person.residence": "Residents of {s}|People who have lived in {s}",
        "person.university": "Graduates of {s}|Who studied at {s}: names from the register",
        "film.company": "Films by {s}|What {s} produced",
        "film.setting": "Films set in {s}|{s} on the screen",
        "film.director": "The films of {s}|{s}: a filmography",
        "novel.publisher": "Novels in the catalogue of {s}|Published by {s}",
        "novel.setting": "Novels set in {s}|{s} in fiction",
        "novel.author": "Books by {s}|{s}: a bibliography",
        "album.label": "Albums released by {s}|From the back catalogue of {s}",
        "company.headquarters": "Firms in {s}|Companies with a head office in {s}",
    }
)
"""Headings of documents that list all things of which a relation leads to one thing, by `kind.relation`."""

LISTED: Final = (
    "The list was drawn up from several registers and may have gaps.",
    "Names are given as they stand in the sources.",
    "Further entries are added when they can be confirmed.",
    "The order is that of the archive.",
)
SECOND: Final = (
    "The following notes on {s} were put together for a reader.",
    "Few people who met {s} forgot the meeting.",
    "This portrait of {s} rests on letters and on talks with neighbours.",
    "What {s} told us was printed only in part at the time.",
    "{s} seldom spoke in public, and this is one of the exceptions.",
    "A box of papers on {s} was sorted last winter.",
)
"""First sentences of the second document on a person."""

FILLER: Final = (
    "A note in the margin compares this with {x}, without saying why.",
    "Whether {x} played any part in it has been debated since.",
    "The archive of {y} holds two folders on the subject.",
    "Later accounts, such as the one in {z}, add little.",
    "An exhibition in {y} returned to the matter many years later.",
    "A letter from {x} mentions it in passing.",
    "The date is confirmed by a list that {x} kept.",
    "Visitors from {y} have written about it with some warmth.",
    "Not every source agrees on the details.",
    "Photographs from the time are rare.",
    "The story has been told often, and seldom in the same way.",
    "Much of what is known comes from a single box of papers.",
    "A short radio feature was devoted to it.",
    "The entry was checked against the parish and company registers.",
    "{z} ran a column on it that is still quoted.",
    "Readers have asked for a longer account, which is in preparation.",
    "A plaque was put up and, after a storm, put up again.",
    "For a while {x} was said to have been involved, which proved wrong.",
    "The costs were a subject of complaint in {y}.",
    "Those who were there describe a cold and windy day.",
    "A catalogue lists it under a wrong heading.",
    "School classes from {y} still write essays about it.",
    "The rest of the file has been lost.",
    "It is not to be confused with others of a similar name.",
)
"""Sentences that give no fact: `{x}` is some person, `{y}` some town, `{z}` some newspaper."""

PHRASES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "person": _table(
        year="was born {o}|came into the world {o}",
        country="is from {o}|comes from {o}|is a native of {o}",
        birthplace="was born in {o}|first saw the light of day in {o}|is a native of {o}|"
        "has for a birthplace {o}|came into the world in {o}",
        residence="later lived in {o}|made a home in {o}|lived for years in {o}|settled in {o}|"
        "had a house in {o}",
        university="studied at {o}|took a degree at {o}|is a graduate of {o}|attended {o}|"
        "holds a degree of {o}",
        prize="was given the {o}|won the {o}|is a holder of the {o}|received the {o}|"
        "was honoured with the {o}",
    ),
    "town": _table(
        year="was first recorded {o}|has records that begin {o}",
        country="lies in {o}|is to be found in {o}",
        river="stands on {o}|is crossed by {o}|grew up beside {o}|looks out on {o}|lies along {o}",
        mayor="is governed by {o}|elected as its mayor {o}|chose for its mayor {o}|has at its head {o}",
        region="is part of {o}|lies in {o}|belongs to {o}|counts as a part of {o}|is to be found in {o}",
        population="has {o} inhabitants|is home to {o} people",
    ),
    "river": _table(
        year="was first surveyed {o}|was put on the map {o}",
        country="flows through {o}|is found in {o}",
        source="rises on {o}|has its source on {o}",
        mouth="flows into {o}|ends in {o}|feeds {o}",
        length="is {o} kilometres long|runs for {o} kilometres",
    ),
    "university": _table(
        year="was founded {o}|goes back to a foundation {o}",
        town="is located in {o}|has its seat in {o}|teaches in {o}|opened its doors in {o}",
        rector="is led by {o}|has for its rector {o}",
        founder="was founded by {o}|owes its existence to {o}",
        students="has {o} students|enrols {o} students",
    ),
    "company": _table(
        year="was founded {o}|was set up {o}|started trading {o}",
        headquarters="is headquartered in {o}|is run from {o}|has its head office in {o}|"
        "keeps its books in {o}",
        founder="was founded by {o}|was the idea of {o}|owes its start to {o}|goes back to {o}",
        staff="has a workforce of {o}|employs {o} people",
    ),
    "film": _table(
        year="was released {o}|came out {o}|was first shown {o}",
        director="was directed by {o}|had for its director {o}|was made by {o}|came from the hands of {o}",
        star="stars {o}|has in the leading role {o}|gave the lead to {o}",
        composer="was scored by {o}|owes its music to {o}|has a score by {o}",
        company="was produced by {o}|was paid for by {o}",
        setting="is set in {o}|takes place in {o}|plays in {o}|unfolds in {o}",
        length="runs for {o} minutes|lasts {o} minutes",
    ),
    "novel": _table(
        year="was published {o}|came out {o}|appeared {o}",
        author="was written by {o}|is the work of {o}|came from the pen of {o}",
        publisher="was published by {o}|was brought out by {o}",
        setting="is set in {o}|takes place in {o}|has its scene in {o}|unfolds in {o}",
    ),
    "album": _table(
        year="was released {o}|came out {o}",
        band="was recorded by {o}|is a record by {o}",
        producer="was produced by {o}|had for its producer {o}",
        label="was released by {o}|appeared with {o}",
        studio="was recorded in {o}|was made in {o}",
    ),
    "band": _table(
        year="was formed {o}|got together {o}",
        singer="is fronted by {o}|has for its singer {o}",
        guitarist="has for its guitarist {o}|gave the guitar to {o}",
        origin="comes from {o}|was formed in {o}|started out in {o}",
        label="signed with {o}|is under contract with {o}",
    ),
    "club": _table(
        year="was founded {o}|dates from a meeting held {o}",
        stadium="plays its home games at {o}|has its home at {o}",
        coach="is coached by {o}|has for its coach {o}",
        colours="plays in {o}|wears {o}",
    ),
    "stadium": _table(
        year="was opened {o}|opened its gates {o}",
        town="is located in {o}|stands in {o}",
        architect="was designed by {o}|is the work of {o}",
        capacity="holds {o} spectators|can seat {o} people",
    ),
    "ship": _table(
        year="was launched {o}|left the slipway {o}",
        builder="was built by {o}|came from the yard of {o}",
        captain="was commanded by {o}|had for its captain {o}",
        port="sails from {o}|has its home port in {o}",
    ),
    "newspaper": _table(
        year="was founded {o}|first appeared {o}",
        town="is printed in {o}|has its presses in {o}",
        editor="is edited by {o}|has for its editor {o}",
        owner="is owned by {o}|belongs to {o}",
    ),
}
"""What is said of a thing, as verb phrases."""

BACK: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "person": {
        "film.director": ("directed {o}", "made {o}"),
        "film.star": ("starred in {o}", "played the lead in {o}"),
        "film.composer": ("wrote the music for {o}", "scored {o}"),
        "novel.author": ("wrote {o}", "is the author of {o}"),
        "album.producer": ("produced {o}", "was in charge of the recording of {o}"),
        "band.singer": ("sings in {o}", "fronts {o}"),
        "band.guitarist": ("plays guitar in {o}", "is the guitarist of {o}"),
        "ship.captain": ("commanded {o}", "was captain of {o}"),
        "newspaper.editor": ("edits {o}", "is the editor of {o}"),
        "university.rector": ("leads {o}", "is rector of {o}"),
        "university.founder": ("founded {o}", "gave the money for {o}"),
        "company.founder": ("founded {o}", "set up {o}"),
        "town.mayor": ("is mayor of {o}", "governs {o}"),
        "club.coach": ("coaches {o}", "trains {o}"),
        "stadium.architect": ("designed {o}", "drew the plans of {o}"),
    },
    "company": {
        "film.company": ("produced {o}", "paid for {o}"),
        "novel.publisher": ("published {o}", "brought out {o}"),
        "album.label": ("released {o}", "brought out {o}"),
        "band.label": ("signed {o}", "holds the contract of {o}"),
        "ship.builder": ("built {o}", "was the builder of {o}"),
        "newspaper.owner": ("owns {o}", "is the owner of {o}"),
    },
    "band": {"album.band": ("recorded {o}", "is behind {o}")},
    "stadium": {"club.stadium": ("is the home of {o}", "hosts the games of {o}")},
    "town": {
        "film.setting": ("is the scene of {o}", "gives its streets to {o}"),
        "novel.setting": ("is the scene of {o}", "serves as the setting of {o}"),
        "company.headquarters": ("houses the head office of {o}", "is home to {o}"),
        "university.town": ("is the seat of {o}", "is home to {o}"),
        "stadium.town": ("is the site of {o}", "is where people go to {o}"),
        "band.origin": ("gave the world {o}", "is where the story of {o} began"),
        "ship.port": ("is the home port of {o}",),
        "newspaper.town": ("has the presses of {o}",),
    },
    "university": {"person.university": ("was attended by {o}", "gave a degree to {o}")},
    "river": {"town.river": ("flows through {o}", "runs past {o}")},
}
"""The same for ways back."""

OPENERS: Final = (
    "",
    "I am trying to identify {a}. ",
    "Help me find {a}. ",
    "There is {a} I would like to name. ",
    "My question is about {a}. ",
    "Somewhere in the documents there is {a} that fits all of what follows. ",
    "Think of {a}. ",
    "I remember only scraps about {a}. ",
    "Here is what I know about {a}. ",
    "Consider {a}. ",
    "A friend told me of {a}. ",
    "I once read about {a}. ",
)
LINKS: Final = ("", "", "", "Also, ", "Besides, ", "In addition, ", "What is more, ", "Moreover, ", "And ")
SUBJECTS: Final = ("This {n}", "The {n}", "The {n} in question", "The same {n}", "The {n} I mean")
NAMED: Final = {
    "person": (
        "Who is this person?",
        "What is the name of this person?",
        "Give the first name and surname.",
        "Who is meant?",
        "Which person fits all of this?",
    ),
    "": (
        "What is the name of this {n}?",
        "Which {n} is meant?",
        "Which {n} fits all of this?",
        "What is this {n} called?",
        "Name the {n}.",
    ),
}
"""How the name of what is described is asked for."""

WHENS: Final = (
    "between {a} and {b}",
    "no earlier than {a} and no later than {b}",
    "at some time from {a} to {b}",
    "in one of the years {a} to {b}",
)
MORE: Final = ("more than {n}", "over {n}", "at least {n}")
FEWER: Final = ("fewer than {n}", "under {n}", "at most {n}")
