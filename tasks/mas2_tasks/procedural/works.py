"""People, and what people make: films, books, records, bands, ships, newspapers."""

from mas2_tasks.procedural.kinds import Kind, Relation, place, relation

PERSON = Kind(
    noun="",
    lead=(
        "{s} (born {year}) is a {nation} {word}.",
        "{s}, born in {year}, is a {word} from {country}.",
        "Born in {year}, {s} is a {nation} {word}.",
        "{s} (born {year}) is a {word} of {nation} nationality.",
    ),
    back=("{short}",),
    words=(),
    relations={
        "birthplace": relation(
            "town",
            "{s} was born in {o}.|{s} was born and raised in {o}.|{s} is a native of {o}.|"
            "{o} is the birthplace of {s}.",
            "the town in which {s} was born|the birthplace of {s}|the town where {s} was born",
            "In which town was {s} born?|Where was {s} born?|What is the birthplace of {s}?|"
            "What town is {s} a native of?",
        ),
        "residence": relation(
            "town",
            "{s} later settled in {o}.|The family home of {s} was in {o}.|{s} lived in {o} for many years.",
            "the town in which {s} lived|the town where {s} settled",
            "In which town did {s} live?|Where did {s} settle?",
        ),
        "university": relation(
            "university",
            "{s} studied at {o}.|{s} graduated from {o}.|{s} was educated at {o}.|"
            "{s} holds a degree from {o}.",
            "the university that {s} attended|the university from which {s} graduated|the alma mater of {s}",
            "Which university did {s} attend?|Where did {s} study?|From which university did {s} graduate?",
        ),
        "prize": relation(
            "prize",
            "{s} was awarded the {o}.|{s} is a winner of the {o}.|{s} received the {o} late in life.",
            "",
            "Which award did {s} receive?|What award has been given to {s}?",
        ),
        "spouse": relation(
            "person",
            "{s} was married to {o}.|{s} married {o}.|The columnist {o} was married to {s}.",
            "the spouse of {s}|the person to whom {s} was married",
            "Who was married to {s}?|Who was the spouse of {s}?|To whom was {s} married?",
            role="columnist",
        ),
    },
)


def _made(noun: str, maker: str, role: str) -> Relation:
    verb = {"director": "directed", "author": "written", "composer": "scored", "producer": "produced"}[maker]
    past = {"written": "wrote"}.get(verb, verb)
    return relation(
        "person",
        f"{{s}} was {verb} by {{o}}.|The {maker} of {{s}} is {{o}}.|{{o}} {past} {{s}}.|"
        f"{{o}} is the person who {past} {{s}}.",
        f"the {maker} of {{s}}|the person who {past} {{s}}",
        f"Who {past} {{s}}?|Who was the {maker} of {{s}}?|By whom was {{s}} {verb}?",
        role=role,
    )


_SETTING = relation(
    "town",
    "{s} is set in {o}.|The story takes place in {o}.|Most of {s} plays in {o}.",
    "the town in which {s} is set|the setting of {s}",
    "In which town is {s} set?|Where is {s} set?|In what town does {s} take place?",
)

WORKS: dict[str, Kind] = {
    "person": PERSON,
    "film": Kind(
        "the film",
        (
            "{s} is a {year} {nation} {word} film.",
            "{s} is a {word} film released in {year}.",
            "Released in {year}, {s} is a {nation} {word} film.",
        ),
        ("The film", "The picture", "It"),
        (
            "drama",
            "comedy",
            "crime",
            "war",
            "horror",
            "adventure",
            "romantic",
            "thriller",
            "animated",
            "musical",
        ),
        {
            "director": _made("film", "director", "film director"),
            "star": relation(
                "person",
                "{s} stars {o}.|{o} plays the lead in {s}.|The leading role is played by {o}.",
                "the lead of {s}|the performer who plays the leading role in {s}",
                "Who plays the lead in {s}?|Who stars in {s}?",
                role="actor",
            ),
            "composer": _made("film", "composer", "composer"),
            "company": relation(
                "company",
                "{s} was produced by {o}.|{s} is a production of {o}.|The production company was {o}.",
                "the company that produced {s}|the production company of {s}",
                "Which company produced {s}?",
            ),
            "setting": _SETTING,
            "length": relation("minutes", "{s} runs for {o} minutes.|{s} has a running time of {o} minutes."),
        },
        " (film)",
    ),
    "novel": Kind(
        "the novel",
        (
            "{s} is a {word} novel first published in {year}.",
            "{s} is a {year} {nation} {word} novel.",
            "First published in {year}, {s} is a {word} novel.",
        ),
        ("The novel", "The book", "It"),
        ("historical", "crime", "fantasy", "gothic", "coming-of-age", "science fiction", "satirical", "spy"),
        {
            "author": _made("novel", "author", "novelist"),
            "publisher": relation(
                "company",
                "{s} was published by {o}.|{o} published {s}.|The publisher of {s} was {o}.",
                "the publisher of {s}|the company that published {s}",
                "Who published {s}?|Which company published {s}?",
            ),
            "setting": _SETTING,
        },
        " (novel)",
    ),
    "album": Kind(
        "the album",
        (
            "{s} is a {year} {word} album.",
            "{s} is a studio album of {word} music, released in {year}.",
            "Released in {year}, {s} is a {word} record.",
        ),
        ("The album", "The record", "It"),
        ("folk", "jazz", "rock", "electronic", "pop", "metal", "soul", "country", "punk", "ambient"),
        {
            "band": relation(
                "band",
                "{s} was recorded by {o}.|{s} is an album by {o}.|{o} recorded {s}.",
                "the band that recorded {s}|the group behind {s}",
                "Which band recorded {s}?|By which band was {s} recorded?",
            ),
            "producer": _made("album", "producer", "record producer"),
            "label": relation(
                "company",
                "{s} appeared on {o}.|{s} was released by {o}.|The label was {o}.",
                "the label that released {s}|the company that released {s}",
                "Which company released {s}?|On which label did {s} appear?",
            ),
            "studio": relation("town", "{s} was recorded in {o}.|The sessions took place in {o}."),
        },
        " (album)",
    ),
    "band": Kind(
        "the band",
        (
            "{s} are a {nation} {word} band formed in {year}.",
            "Formed in {year}, {s} are a {word} band from {country}.",
            "{s} is a {nation} {word} group that was formed in {year}.",
        ),
        ("The band", "The group"),
        ("folk", "jazz", "rock", "electronic", "pop", "metal", "soul", "country", "punk", "ambient"),
        {
            "singer": relation(
                "person",
                "The singer of {s} is {o}.|{s} is fronted by {o}.|{o} sings in {s}.",
                "the singer of {s}|the person who fronts {s}",
                "Who is the singer of {s}?|Who fronts {s}?",
                role="singer",
            ),
            "guitarist": relation(
                "person",
                "The guitarist of {s} is {o}.|{o} plays guitar in {s}.",
                "the guitarist of {s}|the person who plays guitar in {s}",
                "Who plays guitar in {s}?|Who is the guitarist of {s}?",
                role="guitarist",
            ),
            "origin": relation(
                "town",
                "{s} come from {o}.|{s} was formed in {o}.|The home of {s} is {o}.",
                "the town that {s} comes from|the home town of {s}",
                "What town does {s} come from?|In which town was {s} formed?|Where is {s} from?",
            ),
            "label": relation(
                "company",
                "{s} signed with {o}.|{s} is under contract with {o}.",
                "the label with which {s} signed",
                "Which company has {s} signed with?",
            ),
        },
        " (band)",
    ),
    "ship": Kind(
        "the ship",
        (
            "{s} is a {nation} {word} ship launched in {year}.",
            "Launched in {year}, {s} is a {word} ship.",
        ),
        ("The ship", "The vessel", "She"),
        ("passenger", "cargo", "sailing", "research", "merchant", "steam"),
        {
            "builder": relation(
                "company",
                "{s} was built by {o}.|{o} built {s}.|The builder of {s} was {o}.",
                "the builder of {s}|the company that built {s}",
                "Which company built {s}?|Who built {s}?",
            ),
            "captain": relation(
                "person",
                "{s} was commanded by {o}.|The captain of {s} was {o}.|{o} commanded {s}.",
                "the captain of {s}|the person who commanded {s}",
                "Who commanded {s}?|Who was the captain of {s}?",
                role="sea captain",
            ),
            "port": relation(
                "town",
                "The home port of {s} is {o}.|{s} sails from {o}.",
                "the home port of {s}",
                "What is the home port of {s}?|From which town does {s} sail?",
            ),
        },
    ),
    "newspaper": Kind(
        "the newspaper",
        (
            "{s} is a {word} newspaper founded in {year}.",
            "Founded in {year}, {s} is a {nation} {word} newspaper.",
        ),
        ("The newspaper", "The paper", "It"),
        ("daily", "weekly", "regional", "evening", "liberal", "conservative"),
        {
            "town": place("printed"),
            "editor": relation(
                "person",
                "The editor of {s} is {o}.|{s} is edited by {o}.|{o} edits {s}.",
                "the editor of {s}|the person who edits {s}",
                "Who is the editor of {s}?|Who edits {s}?",
                role="journalist",
            ),
            "owner": relation(
                "company",
                "{s} is owned by {o}.|{o} owns {s}.",
                "the owner of {s}|the company that owns {s}",
                "Which company owns {s}?|Who owns {s}?",
            ),
        },
    ),
}
