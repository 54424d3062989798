"""The people of word problems."""

from mas2_tasks.procedural.draw import Draw

HE = (
    "Liam Noah Omar Ravi Ethan Mateo Kenji Samuel Tyler Victor Andre Pablo Dmitri Isaac Felix Hugo Jamal "
    "Kofi Lars Marcus Nikhil Oscar Peter Quincy Ruben Stefan Theo Umar Walter Yusuf"
)
SHE = (
    "Amina Bella Chloe Daria Elena Fatima Grace Hana Ivy Jada Keiko Lucia Mei Nora Olga Priya Rosa Sofia "
    "Tara Uma Vera Wanda Ximena Yara Zoe Alice Bianca Carmen Diana Esther"
)
_HE, _SHE = tuple(HE.split(" ")), tuple(SHE.split(" "))


class Cast:
    """The people of a story; the first is its hero."""

    __slots__ = ("hero", "his", "others", "pro")

    def __init__(self, draw: Draw) -> None:
        man = draw.random() < 0.5
        self.hero = draw.pick(_HE if man else _SHE)
        self.pro = "He" if man else "She"
        self.his = "his" if man else "her"
        self.others = draw.some(_SHE if man else _HE, 4)
