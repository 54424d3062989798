"""Names that belong to nobody: people, places, works, firms."""

from mas2_tasks.procedural.coins import USUAL, coin
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
_SURNAMES = _words(
    "berg bert by croft dal den dorf feld fox gate gren hurst kamp ley lock man mere mond ner quist rose son "
    "ter vall well wick wood worth"
)
_TOWNS = _words(
    "borough bridge bury castle combe cross dale field ford ham haven heath holm leigh minster mouth pool "
    "port stad stead stow ton ville wold worth"
)
_RIVERS = _words("bourne brook burn da dera fleet ga ka ke la na ne nu ra ro sa ta tha va wash water")
_LANDS = _words("bardy dor fell folk gau land lund mark moor park ria shire stan via wald wall weald wick")
_LAKES = _words("be da fjord ga go ka kin lo mar mere na pe ra ro sa ta ven vo water")
_HILLS = _words("beck cairn crag fell fjall gar horn kar kop law nock peak pike ram scar stein tor zin")
_BEFORE = ("Port ", "New ", "Upper ", "Saint ", "Great ", "Little ", "Old ", "East ", "Market ", "Nether ")
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
_AWARDS = ("Prize", "Medal", "Award", "Cross", "Honour", "Fellowship", "Ribbon")
_FIRM = _words(
    "Works Company Brothers Group House Partners Union Limited Press Industries Holdings Foundry Mills "
    "Records"
)
_CLUB = _words("Rovers United Athletic Wanderers City Albion Rangers Town Harriers Victoria Argyle Orient")
_PAPER = _words(
    "Times Courier Gazette Herald Observer Post Mercury Chronicle Echo Tribune Standard Examiner Dispatch"
)


def plural(noun: str) -> str:
    """More than one of what a noun names."""
    if noun in ("Thief", "Wolf"):
        return noun[:-1] + "ves"
    if noun.endswith("y") and noun[-2] not in "aeou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "ch", "sh")) else "s")


class Coiner:
    """Coins names; with a serial number, names that no other serial number gives.

    Args:
        draw: where choices come from.
        serial: what the coined word of each name is made of; random where it is None.
    """

    __slots__ = ("draw", "serial")

    def __init__(self, draw: Draw, serial: int | None = None) -> None:
        self.draw = draw
        self.serial = serial

    def _word(self, ends: tuple[str, ...]) -> str:
        number = self.draw.between(0, USUAL - 1) if self.serial is None else self.serial
        return coin(number, ends)

    def surname(self) -> str:
        """A family name."""
        return self._word(_SURNAMES)

    def person(self) -> str:
        """A first name and a family name."""
        return f"{self.draw.pick(PEOPLE)} {self.surname()}"

    def town(self) -> str:
        """A town."""
        name = self._word(_TOWNS)
        return self.draw.pick(_BEFORE) + name if self.draw.random() < 0.12 else name

    def river(self) -> str:
        """A river."""
        name = self._word(_RIVERS)
        return f"River {name}" if self.draw.random() < 0.5 else f"{name} River"

    def region(self) -> str:
        """A region."""
        name = self._word(_LANDS)
        return f"{name} Province" if self.draw.random() < 0.25 else name

    def lake(self) -> str:
        """A lake."""
        return f"Lake {self._word(_LAKES)}"

    def hill(self) -> str:
        """A mountain."""
        return f"{self.draw.pick(('Mount', 'Ben', 'Pico'))} {self._word(_HILLS)}"

    def prize(self) -> str:
        """An award."""
        return f"{self.surname()} {self.draw.pick(_AWARDS)}"

    def work(self) -> str:
        """Title of a film, a book or a record, never without a coined word for a serial number."""
        draw = self.draw
        shape = int(draw.random() * (9 if self.serial is not None else 12))
        noun = draw.pick(NOUNS)
        if shape == 0:
            return f"The {noun} of {self.town()}"
        if shape == 1:
            return f"{noun} for {self.person()}"
        if shape == 2:
            return f"{self.person()} and the {noun}"
        if shape == 3:
            return f"{self.town()} {noun}"
        if shape == 4:
            return f"The {draw.pick(ADJECTIVES)} {noun} of {self.town()}"
        if shape == 5:
            return f"{plural(noun)} of {self.surname()}"
        if shape == 6:
            return f"The {self.surname()} {noun}"
        if shape == 7:
            return f"{draw.pick(('Leaving', 'Beyond', 'Return to', 'Nights in', 'A Year in'))} {self.town()}"
        if shape == 8:
            return f"{draw.pick(('Waiting for', 'My Cousin', 'Dear', 'Remembering'))} {self.person()}"
        if shape == 9:
            return f"The {draw.pick(ADJECTIVES)} {noun}"
        if shape == 10:
            return f"{draw.pick(ADJECTIVES)} {noun}"
        return f"{noun} and {draw.pick(NOUNS)}"

    def band(self) -> str:
        """A band."""
        draw = self.draw
        shape = int(draw.random() * (4 if self.serial is not None else 6))
        if shape == 0:
            return f"{draw.pick(ADJECTIVES)} {self.surname()}"
        if shape == 1:
            return f"{self.surname()} & the {plural(draw.pick(NOUNS))}"
        if shape == 2:
            return f"The {self.town()} {plural(draw.pick(NOUNS))}"
        if shape == 3:
            return f"{self.surname()} {draw.pick(NOUNS)}"
        if shape == 4:
            return f"The {draw.pick(ADJECTIVES)} {plural(draw.pick(NOUNS))}"
        return f"{draw.pick(NOUNS)} {draw.pick(NOUNS)}"

    def university(self) -> str:
        """A university."""
        end = self.draw.pick(("College", "University", "Institute", "Academy", "Polytechnic"))
        return f"{self.town() if self.draw.random() < 0.3 else self.surname()} {end}"

    def company(self) -> str:
        """A company."""
        return f"{self.surname()} {self.draw.pick(_FIRM)}"

    def club(self) -> str:
        """A football club."""
        return f"{self._word(_TOWNS)} {self.draw.pick(_CLUB)}"

    def stadium(self) -> str:
        """A stadium."""
        return f"{self.surname()} {self.draw.pick(('Park', 'Stadium', 'Field', 'Arena', 'Ground'))}"

    def ship(self) -> str:
        """A ship."""
        draw, before = self.draw, self.draw.pick(("SS", "MV", "RV"))
        shape = int(draw.random() * (2 if self.serial is not None else 4))
        if shape == 0:
            return f"{before} {self.person()}"
        if shape == 1:
            return f"{before} {draw.pick(('Spirit of', 'City of', 'Pride of', 'Star of'))} {self.town()}"
        return f"{before} {draw.pick(ADJECTIVES)} {draw.pick(NOUNS)}"

    def newspaper(self) -> str:
        """A newspaper."""
        return f"The {self._word(_TOWNS)} {self.draw.pick(_PAPER)}"
