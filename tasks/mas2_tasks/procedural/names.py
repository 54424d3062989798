"""Names that belong to nobody: people, places, works, firms."""

from mas2_tasks.procedural.draw import Draw


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


MEN = _words(
    "Alaric Anselm Bertil Bram Caspian Cormac Darian Edvin Emeric Fabian Faolan Gideon Gustav Halvard "
    "Henrik Idris Ivo Jasper Joren Kellan Lambert Leander Lucian Magnus Marek Mattis Nestor Niall "
    "Oberon Odin Osric Pascal Piers Quentin Rafe Roland Rurik Silas Soren Tancred Tobias Ulric Valen "
    "Viggo Wendel Yorick Zoltan"
)
WOMEN = _words(
    "Adela Amara Anneke Astrid Beatrix Brenna Calista Carys Dagny Delphine Eira Elowen Esme Fenna "
    "Freya Greta Gwendolyn Hedda Helene Imogen Ingrid Isolde Jessamy Juna Kaia Katrin Leonie Linnea "
    "Lotte Maeve Marisol Nadia Nerys Odile Ottilie Petra Philippa Ragna Rosalind Saskia Sigrid Tamsin "
    "Thea Ursula Vesna Wilma Zora"
)
_STEM = _words(
    "Ald Ash Bar Bel Birk Black Bren Cald Car Cold Corn Dal Dun Elder Fair Fal Fen Gar Glen Grey Hal "
    "Harrow Hart Hazel High Holl Ink Kes Kirk Lang Lark Lind Loch Mar Mel Mill Mor Nor Oak Pen Quill "
    "Rad Rav Red Rook Sal Sel Stan Stor Tarn Thorn Tor Ul Val Var Wald Wex Whit Wind Wolf Yar York"
)
_SURNAME = _words(
    "berg by croft dal den ell er gate hurst ing ley lock man mere mond nell quist rose sen ston ter wick"
)
_TOWN = _words(
    "borough bridge bury combe dale field ford ham haven heath holm ingen leigh mouth pool stad stow "
    "ton ville wold"
)
_BEFORE = ("Port ", "New ", "Upper ", "Saint ", "Great ", "Little ")
_WATER = _words("a aine ara eck el en enna era ine ira ith ola ona or une usk")
ADJECTIVES = _words(
    "Amber Ancient Blind Borrowed Brittle Broken Burning Crimson Crooked Distant Electric Empty "
    "Endless Fallen First Forgotten Frozen Gentle Golden Hidden Hollow Invisible Last Late Lonely "
    "Long Lost Midnight Narrow Northern Painted Pale Patient Quiet Restless Salted Scarlet Secret "
    "Seventh Silent Silver Slow Stolen Sunken Second Velvet Wandering Western Wild Winter Wooden "
    "Yellow"
)
NOUNS = _words(
    "Anchor Arrow Autumn Bell Bridge Candle Canyon Castle Circus Clock Comet Compass Country Crown "
    "Daughter Door Echo Ember Engine Falcon Feather Fever Forest Garden Ghost Glass Harbour Harvest "
    "Horizon Island Journey Kingdom Ladder Lantern Letter Lighthouse Machine Map Meadow Mirror Moon "
    "Mountain Night Ocean Orchard Paper Parade Pilot River Road Satellite Season Shadow Signal Snow "
    "Song Station Stone Storm Summer Thief Thread Tide Tower Train Valley Violin Voice Wall Water "
    "Whisper Window Wolf Year"
)
COUNTRIES = (
    ("Valdoria", "Valdorian"),
    ("Estmark", "Estmarker"),
    ("Caronne", "Caronnese"),
    ("Norvane", "Norvanian"),
    ("Isaura", "Isauran"),
    ("Brethia", "Brethian"),
    ("Tolmera", "Tolmeran"),
    ("Quessa", "Quessan"),
    ("Hallund", "Hallundic"),
    ("Zarovia", "Zarovian"),
    ("Marenza", "Marenzan"),
    ("the Olwen Isles", "Olwenian"),
)
PEOPLE = MEN + WOMEN
_SURNAMES = tuple((stem + end).replace("lll", "ll") for stem in _STEM for end in _SURNAME)
_TOWNS = tuple((stem + end).replace("lll", "ll") for stem in _STEM for end in _TOWN)
_RIVERS = tuple(
    name for stem in _STEM for end in _WATER for name in (f"River {stem}{end}", f"{stem}{end} River")
)
REGIONS = tuple(f"{stem}{end}" for stem in _STEM[::2] for end in ("shire", "land", " Province", "mark"))
LAKES = tuple(f"Lake {stem}{end}" for stem in _STEM[::2] for end in ("ene", "or", "isk", "ava"))
HILLS = tuple(
    f"{word} {stem}{end}" for stem in _STEM[1::2] for word in ("Mount", "Ben") for end in ("ic", "an", "ur")
)
PRIZES = tuple(
    f"{stem}{end} {what}" for stem in _STEM[::3] for end in ("ing", "well") for what in ("Prize", "Medal")
)


def surname(draw: Draw) -> str:
    """A family name."""
    return draw.pick(_SURNAMES)


def town(draw: Draw) -> str:
    """A town."""
    name = draw.pick(_TOWNS)
    return draw.pick(_BEFORE) + name if draw.random() < 0.12 else name


def river(draw: Draw) -> str:
    """A river."""
    return draw.pick(_RIVERS)


def work(draw: Draw) -> str:
    """Title of a film, a book or a record."""
    shape = int(draw.random() * 7)
    noun = draw.pick(NOUNS)
    if shape == 0:
        return f"The {draw.pick(ADJECTIVES)} {noun}"
    if shape == 1:
        return f"{draw.pick(ADJECTIVES)} {noun}"
    if shape == 2:
        return f"The {noun} of {town(draw)}"
    if shape == 3:
        return f"{noun} and {draw.pick(NOUNS)}"
    if shape == 4:
        return f"{noun} for {draw.pick(MEN)}"
    if shape == 5:
        return f"{draw.pick(WOMEN)} and the {noun}"
    return f"{town(draw)} {noun}"


def band(draw: Draw) -> str:
    """A band."""
    shape = int(draw.random() * 4)
    if shape == 0:
        return f"The {draw.pick(ADJECTIVES)} {draw.pick(NOUNS)}s"
    if shape == 1:
        return f"{draw.pick(NOUNS)} {draw.pick(NOUNS)}"
    if shape == 2:
        return f"{draw.pick(ADJECTIVES)} {surname(draw)}"
    return f"{surname(draw)} & the {draw.pick(NOUNS)}s"
