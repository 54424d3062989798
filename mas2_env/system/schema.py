"""JSON schemas of decisions, to be given to a language model or to constrained decoding."""

import inspect
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

import msgspec

from mas2_env.system.model import Assignment, Decision, Limits, Rectification, Template


def schema(
    kind: type[Decision],
    *,
    backbones: Collection[str] | None = None,
    tools: Collection[str] | None = None,
    roles: Collection[str] | None = None,
    failed: Collection[str] | None = None,
    limits: Limits | None = None,
) -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a kind of decision, narrowed to what is on offer where that is given.

    Args:
        kind: `Template`, `Assignment` or `Rectification`.
        backbones: names of the pool.
        tools: names of tools that roles may be granted.
        roles: names of the roles that need a backbone; narrows an assignment to exactly these.
        failed: turns that may be retried or skipped.
        limits: bounds on the system's size.
    """
    whole: dict[str, Any] = _copy(_plain(kind))
    parts = {"": whole, **whole["$defs"]}
    narrow: dict[str, Callable[[dict[str, Any]], None]] = {}
    if backbones is not None:
        names = {"type": "string", "enum": list(backbones)}
        narrow["backbone"] = lambda field: field.update(_with_null(field, names))
        narrow["backbones"] = lambda field: field.update(_assigned(names, roles))
    elif roles is not None:
        narrow["backbones"] = lambda field: field.update(_assigned({"type": "string"}, roles))
    if tools is not None:
        granted = {"type": "string", "enum": list(tools)}
        narrow["tools"] = lambda field: field.update({"items": granted} if tools else {"maxItems": 0})
    if failed is not None:
        narrow["turn"] = lambda field: field.update(enum=list(failed))
    if limits is not None:
        narrow["copies"] = lambda field: field.update(maximum=limits.max_copies)
        narrow["rounds"] = lambda field: field.update(maximum=limits.max_rounds)
        narrow["revisions"] = lambda field: field.update(maximum=limits.max_revisions)
        narrow["prompt"] = lambda field: field.update(maxLength=limits.max_prompt_chars)
    for title, part in parts.items():
        for name, field in part.get("properties", {}).items():
            if name in narrow:
                narrow[name](field)
            if limits is not None and name == "roles" and (title or part["title"]) == "Template":
                field["maxItems"] = limits.max_roles
    if not whole["$defs"]:
        del whole["$defs"]
    return whole


def _with_null(field: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [names, {"type": "null"}]} if "anyOf" in field else names


def _assigned(names: dict[str, Any], roles: Collection[str] | None) -> dict[str, Any]:
    if roles is None:
        return {"additionalProperties": names}
    return {
        "properties": dict.fromkeys(roles, names),
        "required": list(roles),
        "additionalProperties": False,
    }


@lru_cache(maxsize=8)
def _plain(kind: type[Decision]) -> dict[str, Any]:
    if kind not in (Template, Assignment, Rectification):
        raise TypeError(f"{kind!r} is no kind of decision; expected Template, Assignment or Rectification")
    raw = msgspec.json.schema(kind)
    found: dict[str, Any] = _clean(raw)
    root = found["$defs"].pop(kind.__name__)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "$defs": found["$defs"]}


def _clean(value: Any) -> Any:
    """Drop what is not JSON Schema, and write patterns and descriptions as every reader understands them."""
    if isinstance(value, list):
        return [_clean(part) for part in value]
    if not isinstance(value, dict):
        return value
    cleaned = {key: _clean(part) for key, part in value.items() if key != "discriminator"}
    if isinstance(cleaned.get("pattern"), str):
        cleaned["pattern"] = cleaned["pattern"].replace(r"\Z", "$")
    if isinstance(cleaned.get("description"), str):
        cleaned["description"] = " ".join(inspect.cleandoc(cleaned["description"]).split())
    if cleaned.get("type") == "object" and cleaned.get("required") == []:
        del cleaned["required"]
    return cleaned


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(part) for key, part in value.items()}
    return [_copy(part) for part in value] if isinstance(value, list) else value
