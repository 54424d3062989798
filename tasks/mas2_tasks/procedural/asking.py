"""Further ways to name and to ask for what the relations of the world give; `{s}` is the subject.

Phrases stand for the value in a longer question, asks are whole questions. Alternatives are parted by `|`.
"""

from msgspec import structs

from mas2_tasks.procedural.kinds import Kind, Relation

Table = dict[str, tuple[str, str]]


def _made(past: str, participle: str, noun: str) -> tuple[str, str]:
    """A work by someone: forms of the verb, and what the person is called."""
    return (
        f"the one who {past} {{s}}|the {noun} behind {{s}}|whoever {past} {{s}}|the {noun} who {past} {{s}}",
        f"{{s}} was {participle} by whom?|Which {noun} {past} {{s}}?|"
        f"What is the name of the {noun} who {past} {{s}}?|"
        f"{{s}} is the work of which {noun}?",
    )


def _run(noun: str, verb: str) -> tuple[str, str]:
    """Someone who holds an office."""
    return (
        f"the current {noun} of {{s}}|whoever is {noun} of {{s}}|the person who serves as {noun} of {{s}}",
        f"{{s}} is {verb} by whom?|Who holds the office of {noun} of {{s}}?|Who serves as {noun} of {{s}}?|"
        f"What is the name of the {noun} of {{s}}?",
    )


def _placed(participle: str) -> tuple[str, str]:
    return (
        f"the place where {{s}} is {participle}|the town that {{s}} is {participle} in",
        f"{{s}} is {participle} in which town?|Which town is {{s}} {participle} in?|"
        f"In what town can {{s}} be found?",
    )


_SETTING = (
    "the place where {s} is set|the town in which {s} takes place|the town where the story of {s} plays",
    "Which town is the setting of {s}?|{s} takes place in which town?|The story of {s} is set in what town?",
)
_FOUNDER = (
    "the one who founded {s}|whoever established {s}|the person who set up {s}|"
    "the man or woman behind the founding of {s}",
    "{s} was founded by whom?|Who established {s}?|Who set up {s}?|What is the name of the founder of {s}?|"
    "{s} owes its existence to whom?",
)

MORE: dict[str, Table] = {
    "person": {
        "birthplace": (
            "the town that {s} is a native of|the place where {s} was born|the home town of {s}",
            "{s} was born in which town?|{s} is a native of which town?|Which town was {s} born in?|"
            "In what town did the life of {s} begin?|Which town is the birthplace of {s}?",
        ),
        "residence": (
            "the place where {s} lived|the town that {s} made a home in",
            "{s} lived in which town?|Which town did {s} live in?|In what town was the home of {s}?|"
            "{s} settled in what town?|In what town did {s} make a home?",
        ),
        "university": (
            "the institution at which {s} studied|the university where {s} took a degree",
            "{s} attended which university?|At which university did {s} study?|"
            "{s} is a graduate of which university?|Where was {s} educated?|"
            "From where does {s} hold a degree?|What is the alma mater of {s}?",
        ),
        "prize": (
            "",
            "{s} is the winner of which award?|With which award was {s} honoured?|Which prize went to {s}?|"
            "{s} was given what award?|What honour did {s} receive?",
        ),
        "spouse": (
            "the husband or wife of {s}|the person who married {s}|the one {s} was married to",
            "{s} was married to whom?|Whom did {s} marry?|What is the name of the person who married {s}?|"
            "{s} shared a marriage with whom?",
        ),
    },
    "film": {
        "director": _made("directed", "directed", "director"),
        "star": (
            "the actor in the leading role of {s}|the one who stars in {s}|the lead actor of {s}",
            "{s} stars which actor?|Who has the leading role in {s}?|Which actor plays the lead in {s}?|"
            "The leading role of {s} is played by whom?",
        ),
        "composer": _made("scored", "scored", "composer"),
        "company": (
            "the company behind {s}|the firm that produced {s}|the company whose production {s} is",
            "{s} was produced by which company?|What is the production company of {s}?|Which firm made {s}?",
        ),
        "setting": _SETTING,
    },
    "novel": {
        "author": _made("wrote", "written", "author"),
        "publisher": (
            "the firm that brought out {s}|the company by which {s} was published",
            "{s} was published by which company?|What is the publisher of {s}?|Which firm brought out {s}?",
        ),
        "setting": _SETTING,
    },
    "album": {
        "band": (
            "the group that recorded {s}|the band whose album is {s}|the band that made {s}",
            "{s} is an album by which band?|Which group recorded {s}?|What band made {s}?",
        ),
        "producer": _made("produced", "produced", "producer"),
        "label": (
            "the company behind the release of {s}|the record label of {s}",
            "{s} was released by which company?|What is the label of {s}?|Which label brought out {s}?",
        ),
    },
    "band": {
        "singer": (
            "the lead singer of {s}|the vocalist of {s}|the one who sings in {s}",
            "{s} is fronted by whom?|Who sings in {s}?|What is the name of the singer of {s}?|"
            "Which singer fronts {s}?",
        ),
        "guitarist": (
            "the one on guitar in {s}|the person on guitar in {s}|the guitar player of {s}",
            "The guitar in {s} is played by whom?|Which guitarist plays in {s}?|Who is on guitar in {s}?",
        ),
        "origin": (
            "the place that {s} comes from|the town in which {s} was formed|the town where {s} got together",
            "{s} comes from which town?|{s} was formed in what town?|Which town is home to {s}?",
        ),
        "label": (
            "the company that has {s} under contract|the record company of {s}|the label of {s}",
            "{s} is under contract with which company?|Which company is the label of {s}?",
        ),
    },
    "ship": {
        "builder": (
            "the firm that built {s}|the shipyard behind {s}|the company responsible for building {s}",
            "{s} was built by which company?|Which firm built {s}?|What company is the builder of {s}?",
        ),
        "captain": (
            "the one who commanded {s}|the person in command of {s}|the sea captain in charge of {s}",
            "{s} was commanded by whom?|Who was in command of {s}?|What was the name of the captain of {s}?",
        ),
        "port": (
            "the port that {s} sails from|the town from which {s} sails|the harbour town of {s}",
            "{s} sails from which town?|Which town is the home port of {s}?|"
            "In what town does {s} have its home port?",
        ),
    },
    "newspaper": {
        "town": _placed("printed"),
        "editor": _run("editor", "edited"),
        "owner": (
            "the firm that owns {s}|the company behind {s}|the company to which {s} belongs",
            "{s} is owned by which company?|{s} belongs to which company?|Which firm owns {s}?",
        ),
    },
    "company": {
        "headquarters": _placed("headquartered"),
        "founder": _FOUNDER,
        "staff": (
            "",
            "How large is the workforce of {s}?|How many people work for {s}?|{s} has how many employees?",
        ),
    },
    "university": {
        "town": _placed("located"),
        "rector": _run("rector", "led"),
        "founder": _FOUNDER,
        "students": (
            "",
            "What is the number of students at {s}?|{s} has how many students?|How many people study at {s}?",
        ),
    },
    "town": {
        "river": (
            "the river that runs through {s}|the river in {s}|the river on whose banks {s} stands",
            "{s} lies on which river?|What river runs through {s}?|"
            "On the banks of which river does {s} stand?",
        ),
        "mayor": _run("mayor", "governed"),
        "region": (
            "",
            "{s} belongs to which region?|{s} is part of what region?|What region is {s} in?|"
            "Which region includes {s}?",
        ),
        "population": (
            "",
            "{s} has how many inhabitants?|How many people live in {s}?|How large is the population of {s}?|"
            "What population does {s} have?",
        ),
    },
    "river": {
        "source": (
            "",
            "{s} rises on which mountain?|Where is the source of {s}?|On what mountain does {s} begin?",
        ),
        "mouth": ("", "{s} flows into which lake?|Where does {s} end?|In what lake does {s} end?"),
        "length": ("", "How long is {s}, in kilometres?|{s} is how many kilometres long?"),
    },
    "club": {
        "stadium": (
            "the stadium that is home to {s}|the ground at which {s} plays|"
            "the arena where {s} plays its home games",
            "{s} plays its home games at which stadium?|Which stadium is home to {s}?|"
            "At what ground does {s} play?",
        ),
        "coach": (
            "the one who coaches {s}|the football manager in charge of {s}|the head coach of {s}",
            "{s} is coached by whom?|Who is in charge of {s}?|What is the name of the coach of {s}?",
        ),
        "colours": (
            "",
            "{s} plays in which colours?|In what colours does {s} play?|Which colours does {s} wear?",
        ),
    },
    "stadium": {
        "town": _placed("located"),
        "architect": _made("designed", "designed", "architect"),
        "capacity": (
            "",
            "{s} holds how many spectators?|How many spectators fit into {s}?|How many seats does {s} have?",
        ),
    },
}

SINCE = {
    "film": "released",
    "novel": "published",
    "album": "released",
    "band": "formed",
    "ship": "launched",
    "newspaper": "founded",
    "company": "founded",
    "university": "founded",
    "club": "founded",
    "stadium": "opened",
}
"""What happened to a thing of that kind in its year."""

CALLED = {
    "film": ("film", "picture", "movie", "feature film"),
    "novel": ("novel", "book"),
    "album": ("album", "record", "studio album"),
    "band": ("band", "group"),
    "ship": ("ship", "vessel"),
    "newspaper": ("newspaper", "paper"),
    "company": ("company", "firm"),
    "university": ("university", "institution"),
    "town": ("town",),
    "club": ("football club", "club", "football side"),
    "stadium": ("stadium", "arena"),
}
"""What to call a thing of that kind."""


def widened(kinds: dict[str, Kind]) -> dict[str, Kind]:
    """The kinds with the further phrases and asks."""
    return {
        name: structs.replace(
            kind,
            relations={
                known: _more(relation, *MORE.get(name, {}).get(known, ("", "")))
                for known, relation in kind.relations.items()
            },
        )
        for name, kind in kinds.items()
    }


def _more(relation: Relation, phrases: str, asks: str) -> Relation:
    phrase = tuple(phrases.split("|")) if phrases else ()
    ask = tuple(asks.split("|")) if asks and relation.ask else ()
    return structs.replace(
        relation,
        phrase=tuple(dict.fromkeys(relation.phrase + phrase)),
        ask=tuple(dict.fromkeys(relation.ask + ask)),
    )
