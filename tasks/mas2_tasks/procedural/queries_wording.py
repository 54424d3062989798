"""How people type questions into a search engine, by kind and relation; `{s}` is the subject, lower case all.

Relations that are not in `KINDS`, `year`, `country` and `role`, stand in the lead of an article. `INVERSE`
asks for the subject of a relation, `{o}` being its value.
"""


def _table(**relations: str) -> dict[str, tuple[str, ...]]:
    return {name: tuple(frames.split("|")) for name, frames in relations.items()}


_OPENED = "when did {s} open|what year was {s} opened|when was {s} opened|opening year of {s}"
_FOUNDED = (
    "when was {s} founded|what year was {s} founded|when did {s} start|in which year was {s} established|"
    "founding year of {s}"
)
_RELEASED = "when did {s} come out|what year was {s} released|when was {s} released|{s} release date"
_LOCATED = (
    "where is {s} located|what town is {s} in|which town is {s} located in|{s} is located in which town"
)
_WHENCE = "what country is {s} from|which country does {s} come from|where does {s} come from originally"

FRAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "person": _table(
        birthplace="where was {s} born|what town is {s} from|where did {s} grow up|birthplace of {s}",
        residence="where did {s} live|what town did {s} live in|where did {s} settle|"
        "where was the home of {s}",
        university="where did {s} go to college|what university did {s} attend|where did {s} study|"
        "{s} graduated from which university",
        prize="what award did {s} win|which prize was {s} awarded|name the award given to {s}",
        spouse="who was {s} married to|who is the spouse of {s}|who did {s} marry|{s} was married to who",
        year="when was {s} born|what year was {s} born|in which year was {s} born|birth year of {s}",
        country="what nationality is {s}|what country is {s} from|which country is {s} a citizen of",
        role="what is {s} known for|what does {s} do for a living|what is the profession of {s}|"
        "{s} is famous for what profession",
    ),
    "film": _table(
        director="who directed {s}|who is the director of {s}|director of {s}|{s} was directed by who|"
        "name the director of {s}",
        star="who plays the lead in {s}|who stars in {s}|who plays the main character in {s}|"
        "lead role in {s} is played by",
        composer="who wrote the music for {s}|who composed the score of {s}|who did the music for {s}",
        company="what company made {s}|who produced {s}|which studio produced {s}|{s} production company",
        setting="where does {s} take place|where is {s} set|what town is {s} set in|"
        "what is the setting of {s}",
        length="how long is {s}|how many minutes is {s}|running time of {s}|what is the length of {s}",
        year=_RELEASED,
        country=_WHENCE,
    ),
    "novel": _table(
        author="who wrote {s}|who is the author of {s}|author of {s}|{s} was written by who|"
        "name the author of {s}",
        publisher="who published {s}|which company published {s}|publisher of {s}|{s} was published by",
        setting="where is {s} set|where does {s} take place|what town is {s} set in|"
        "what is the setting of {s}",
        year="when was {s} written|when was {s} published|what year did {s} come out|"
        "when was {s} first published",
    ),
    "album": _table(
        band="who recorded {s}|what band made {s}|who sings on {s}|{s} is an album by which band",
        producer="who produced {s}|who is the producer of {s}|{s} was produced by who",
        label="what label released {s}|what record label is {s} on|which company released {s}",
        studio="where was {s} recorded|what town was {s} recorded in|where did they record {s}",
        year=_RELEASED,
    ),
    "band": _table(
        singer="who sings in {s}|who is the lead singer of {s}|lead singer of {s}|who is the singer of {s}",
        guitarist="who plays guitar in {s}|who is the guitarist for {s}|lead guitarist of {s}",
        origin="where are {s} from|where did {s} come from|what town did {s} come from|home town of {s}",
        label="what label are {s} signed to|who did {s} sign with|what record company did {s} sign with",
        year="when were {s} formed|what year did {s} form|when did {s} get together|when did {s} start",
    ),
    "ship": _table(
        builder="who built {s}|what company built {s}|{s} was built by|builder of {s}",
        captain="who was the captain of {s}|who commanded {s}|captain of {s}|name of the captain of {s}",
        port="what is the home port of {s}|where does {s} sail from|home port of {s}",
        year="when was {s} launched|what year was {s} launched|when was {s} put to sea",
    ),
    "newspaper": _table(
        town="where is {s} printed|what town is {s} printed in|where does {s} come from|"
        "{s} is printed in which town",
        editor="who is the editor of {s}|who edits {s}|editor of {s}|name the editor of {s}",
        owner="who owns {s}|what company owns {s}|owner of {s}|{s} is owned by",
        year=_FOUNDED,
    ),
    "company": _table(
        headquarters="where is {s} headquartered|where is {s} based|where are the headquarters of {s}|"
        "{s} is headquartered in which town",
        founder="who founded {s}|who is the founder of {s}|founder of {s}|who started {s}",
        staff="how many people work for {s}|how many employees does {s} have|how big is the workforce of {s}",
        year=_FOUNDED,
        country=_WHENCE,
    ),
    "university": _table(
        town=_LOCATED,
        rector="who is the rector of {s}|who leads {s}|who is in charge of {s}|name of the rector of {s}",
        founder="who founded {s}|who is the founder of {s}|founder of {s}|who started {s}",
        students="how many students go to {s}|how many students does {s} have|number of students at {s}",
        year=_FOUNDED,
    ),
    "town": _table(
        river="what river runs through {s}|which river is {s} on|what river does {s} lie on|river in {s}",
        mayor="who is the mayor of {s}|who is the current mayor of {s}|mayor of {s}|name the mayor of {s}",
        region="what region is {s} in|which region does {s} belong to|{s} is part of which region",
        population="what is the population of {s}|how many people live in {s}|population of {s}|"
        "how big is {s}",
        country="what country is {s} in|which country is {s} located in|{s} is in which country",
    ),
    "river": _table(
        source="where does {s} start|where does {s} rise|what is the source of {s}|where does {s} begin",
        mouth="where does {s} end|what does {s} flow into|which lake does {s} empty into|"
        "where does {s} flow to",
        length="how long is {s}|how many kilometres long is {s}|length of {s} in km|"
        "what is the length of {s}",
        country="what country is {s} in|which country does {s} flow through|where is {s} located country",
    ),
    "club": _table(
        stadium="where do {s} play|where do {s} play their home games|"
        "what stadium do {s} play at|home ground of {s}",
        coach="who is the coach of {s}|who coaches {s}|who is the manager of {s}|current coach of {s}",
        colours="what colours do {s} wear|what are the colours of {s}|what are the team colours of {s}",
        year=_FOUNDED,
        country=_WHENCE,
    ),
    "stadium": _table(
        town=_LOCATED,
        architect="who designed {s}|who was the architect of {s}|architect of {s}|who is the designer of {s}",
        capacity="how many people does {s} hold|how many seats are in {s}|"
        "what is the capacity of {s}|seating of {s}",
        year=_OPENED,
    ),
}

INVERSE: dict[str, dict[str, tuple[str, ...]]] = {
    "film": _table(
        director="what movie did {o} direct|which film was directed by {o}|name a film by director {o}",
        star="what movie stars {o}|which film does {o} play the lead in|{o} plays the main role in what film",
        composer="what film did {o} write the music for|which movie score was composed by {o}",
    ),
    "novel": _table(author="what novel did {o} write|which book is by {o}|name the book written by {o}"),
    "album": _table(producer="what album did {o} produce|which record was produced by {o}"),
    "band": _table(
        singer="what band is {o} in|{o} is the singer of which band|what group does {o} sing with",
        guitarist="what band does {o} play guitar for|{o} is the guitarist of what band",
    ),
    "ship": _table(captain="what ship did {o} command|{o} was captain of which ship"),
    "newspaper": _table(editor="what newspaper does {o} edit|{o} is the editor of which paper"),
    "company": _table(founder="what company did {o} found|{o} is the founder of what company"),
    "university": _table(
        founder="what university did {o} found|which college was founded by {o}",
        rector="what university is {o} the rector of|which university does {o} lead",
    ),
    "town": _table(mayor="what town is {o} the mayor of|where is {o} mayor|{o} is mayor of which town"),
    "club": _table(
        coach="what team does {o} coach|which club is {o} the coach of|who does {o} manage in football"
    ),
    "stadium": _table(architect="what stadium did {o} design|which stadium was designed by {o}"),
}

NOUNS = {
    "film": "film|movie|the film|the movie",
    "novel": "novel|book|the novel|the book",
    "album": "album|the album|the record",
    "band": "band|the band|the group",
    "ship": "ship|the ship",
    "newspaper": "newspaper|the newspaper",
    "company": "the company|company",
    "town": "the town of|the town",
    "club": "football club|the football club|fc",
    "river": "the",
}
"""What may stand before a name."""

UNITS = {
    "population": ("inhabitants", "people"),
    "staff": ("employees", "people"),
    "students": ("students",),
    "capacity": ("spectators", "people"),
    "length": ("kilometres", "km"),
}
"""Units in which a number may be given too."""
