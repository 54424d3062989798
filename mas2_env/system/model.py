"""The words of the formalism as data: templates ⟨R, P, T⟩, assignments B, systems M, and edits.

Everything here is a frozen struct, so a decision can be hashed, compared, pickled, written as JSON and
described to a language model by a JSON schema. Nothing here checks meaning: that is `validate`.
"""

from sys import intern
from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import force_setattr

RoleKind: TypeAlias = Literal[
    "plan",
    "solve",
    "search",
    "code",
    "test",
    "critique",
    "verify",
    "judge",
    "summarise",
    "rank",
    "route",
    "vote",
]

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z][A-Za-z0-9_-]*\Z")]
Count: TypeAlias = Annotated[int, Meta(ge=1, le=64)]


class Record(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every struct that a policy may write."""


class Role(Record, frozen=True):
    """One member of the team, r ∈ R.

    A role of kind `vote` makes no model call: it pools the answers of the vote channels that end in it.
    """

    name: Name
    kind: RoleKind = "solve"
    prompt: Annotated[str, Meta(description="instruction to the role, in addition to its kind's own")] = ""
    tools: Annotated[tuple[str, ...], Meta(description="names of tools the role may call")] = ()
    copies: Annotated[Count, Meta(description="independent copies of the role")] = 1

    def __post_init__(self) -> None:
        # Defaults are left out of JSON by identity: without this, an unpickled role is written differently.
        if type(self.kind) is str:
            force_setattr(self, "kind", intern(self.kind))


class Send(Record, frozen=True, tag_field="type", tag="send"):
    """The final output of `source` goes to `target`."""

    source: str
    target: str


class Debate(Record, frozen=True, tag_field="type", tag="debate"):
    """Participants see each other's last answers, `rounds` times after their first answers.

    With a `quorum` the debate ends early once more than that share of the participants agree. With a
    `ranker` (a role outside the debate) the first round is followed by a ranking, and only the `keep`
    participants that it names go on.
    """

    roles: tuple[str, ...]
    rounds: Count = 1
    quorum: Annotated[float, Meta(ge=0.0, lt=1.0)] | None = None
    ranker: str | None = None
    keep: Count = 2


class Critique(Record, frozen=True, tag_field="type", tag="critique"):
    """`reviewer` approves what `author` wrote or sends it back, at most `revisions` times."""

    author: str
    reviewer: str
    revisions: Count = 1


class Vote(Record, frozen=True, tag_field="type", tag="vote"):
    """The answers of `sources` are pooled in `target`, a role of kind `vote`, without a model call."""

    sources: tuple[str, ...]
    target: str


class Route(Record, frozen=True, tag_field="type", tag="route"):
    """`source` names which `choose` of the `targets` run; the others are skipped."""

    source: str
    targets: tuple[str, ...]
    choose: Count = 1


Channel: TypeAlias = Send | Debate | Critique | Vote | Route


class Template(Record, frozen=True):
    """A workflow template ⟨R, P, T⟩: roles, channels, and tools granted to roles, without models."""

    roles: tuple[Role, ...]
    channels: tuple[Channel, ...] = ()
    output: Annotated[str, Meta(description="the role whose final output is the system's answer")] = ""


class Assignment(Record, frozen=True):
    """B: the backbone of each role. Roles of kind `vote` need none."""

    backbones: dict[str, str]


class System(Record, frozen=True):
    """M = ⟨R, P, T, B⟩."""

    template: Template
    assignment: Assignment


class Retry(Record, frozen=True, tag_field="type", tag="retry"):
    """Perform the failed `turn` once more."""

    turn: str


class Skip(Record, frozen=True, tag_field="type", tag="skip"):
    """Do without the `turn`: its message will be missing."""

    turn: str


class Reassign(Record, frozen=True, tag_field="type", tag="reassign"):
    """Give `role` another backbone; `null` takes its backbone away (roles of kind `vote`)."""

    role: str
    backbone: str | None


class AddRole(Record, frozen=True, tag_field="type", tag="add_role"):
    """Add a role at position `at` of the list of roles, by default at its end."""

    role: Role
    backbone: str | None = None
    at: int | None = None


class RemoveRole(Record, frozen=True, tag_field="type", tag="remove_role"):
    """Remove a role and its backbone. Channels that name it are removed by edits of their own."""

    role: str


class ChangeRole(Record, frozen=True, tag_field="type", tag="change_role"):
    """Change those fields of a role that are given."""

    role: str
    kind: RoleKind | UnsetType = UNSET
    prompt: str | UnsetType = UNSET
    tools: tuple[str, ...] | UnsetType = UNSET
    copies: Count | UnsetType = UNSET


class AddChannel(Record, frozen=True, tag_field="type", tag="add_channel"):
    """Add a channel at position `at` of the list of channels, by default at its end."""

    channel: Channel
    at: int | None = None


class RemoveChannel(Record, frozen=True, tag_field="type", tag="remove_channel"):
    """Remove the first channel equal to `channel`."""

    channel: Channel


class SetOutput(Record, frozen=True, tag_field="type", tag="set_output"):
    """Take the system's answer from another role."""

    role: str


class Rebuild(Record, frozen=True, tag_field="type", tag="rebuild"):
    """Replace the whole system."""

    system: System


Edit: TypeAlias = (
    Retry
    | Skip
    | Reassign
    | AddRole
    | RemoveRole
    | ChangeRole
    | AddChannel
    | RemoveChannel
    | SetOutput
    | Rebuild
)


class Rectification(Record, frozen=True):
    """What the Rectifier answers. Without edits the execution goes on unchanged."""

    edits: tuple[Edit, ...] = ()


Decision: TypeAlias = Template | Assignment | Rectification


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on the size of a system, so that no decision can ask for an endless one.

    Raises:
        ValueError: if a bound leaves no system that keeps it. All are at least 1, `max_prompt_chars` 0.
    """

    max_roles: int = 12
    max_copies: int = 8
    max_rounds: int = 5
    max_revisions: int = 5
    max_turns: int = 128
    max_prompt_chars: int = 4000

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            least = 0 if name == "max_prompt_chars" else 1
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least {least}")
