"""What questions over the fictional world have in common: settling facts, wording, and wrong answers."""

from mas2_tasks.procedural.world import KINDS, Entity, World

MOST_DISTRACTORS = 7


def name_of(value: Entity | str) -> str:
    """A value as texts show it."""
    return value if isinstance(value, str) else value.plain


def ask(frame: str, subject: str) -> str:
    """A question for a subject, with a capital."""
    asked = frame.replace("{s}", subject).replace(",?", "?").replace(",,", ",")
    return asked[0].upper() + asked[1:]


def fresh(world: World, entity: Entity, relation: str, *taken: Entity | str) -> Entity | str:
    """Settle the relation with a value that is not one of `taken`."""
    value = world.value(entity, relation)
    while value in taken:
        del entity.values[relation]
        value = world.value(entity, relation)
    return value


def unsaid(world: World, entity: Entity, relation: str, start: Entity) -> Entity | str:
    """Settle the relation with a value that the name of `start` does not give away."""
    value = world.value(entity, relation)
    while value is start or name_of(value) in start.plain:
        del entity.values[relation]
        value = world.value(entity, relation)
    return value


def mentioned(articles: list[Entity]) -> list[Entity]:
    """What the articles mention and what has none itself yet, in order."""
    named = [
        value
        for article in articles
        for value in article.values.values()
        if isinstance(value, Entity) and not value.sentences
    ]
    return list(dict.fromkeys(named))


def spare(world: World, kind: str, articles: list[Entity]) -> list[str]:
    """Further wrong answers: what else there is of the kind, then years or titles."""
    there = [entity.plain for (known, _), made in world.by_kind.items() if known == kind for entity in made]
    if kind in KINDS:
        return [*there, *(entity.plain for entity in articles)]
    values = [
        name_of(value)
        for entity in articles
        for name, value in entity.values.items()
        if KINDS[entity.kind].relations[name].to == kind
    ]
    return [*values, *(str(entity.year) if kind == "number" else entity.plain for entity in articles)]


def distinct(texts: list[str], *answers: str) -> tuple[str, ...]:
    """Texts that differ for the scorer from each other and from the accepted answers, in order."""
    forms: dict[str, str] = {}
    for text in texts:
        forms.setdefault(_form(text), text)
    for answer in answers:
        forms.pop(_form(answer), None)
    return tuple(forms.values())[:MOST_DISTRACTORS]


def _form(text: str) -> str:
    """What the scorer compares, for texts as they occur in this world."""
    return text.lower().removeprefix("the ").replace(",", "")
