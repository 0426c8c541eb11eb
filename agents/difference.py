"""What one definition of a template has and another has not, field by field, as a person reads it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from agents.definition import FIELDS, LISTS, StepSpec
from ledger.command import Change

#: In the order in which a step is told.
TOLD = tuple(each for each in StepSpec.__dataclass_fields__ if each in FIELDS and each != "key")
#: What a new or a removed step says of itself, beside what it states beyond the usual.
HEADS = ("title", "purpose", "subject")


def between(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Change]:
    """Steps are the same step when they have the same key. Their order changes nothing and is not told."""
    before = before or {}
    changes = [Change(name, _text(before.get(name)), _text(after.get(name))) for name in HEADS]
    changes += _of_named(_("input"), before.get("inputs", {}), after.get("inputs", {}))
    old, new = _by_key(before), _by_key(after)
    for key in [*(key for key in old if key not in new), *new]:
        changes += _of_step(key, old.get(key), new.get(key))
    return [each for each in changes if each.before != each.after]


def of_rules(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[Change]:
    """Trigger rules are the same rule when they have the same name; their order changes nothing and is not told."""
    old, new = ({str(each.get("name")): each for each in rules} for rules in (before, after))
    changes = [
        Change(_("rule %s") % name, _rule(old.get(name)), _rule(new.get(name)))
        for name in [*(name for name in old if name not in new), *new]
    ]
    return [each for each in changes if each.before != each.after]


def _rule(rule: Mapping[str, Any] | None) -> str:
    return "; ".join(f"{name}: {_text(value)}" for name, value in (rule or {}).items() if value and name != "name")


def _by_key(definition: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(each["key"]): each for each in definition.get("steps", ())}


def _of_step(key: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[Change]:
    if old is None or new is None:
        yield Change(_("step %s") % key, _summary(old), _summary(new))
        return
    for name in TOLD:
        if name == "given":
            yield from _of_named(key, old.get(name, {}), new.get(name, {}))
        else:
            yield Change(f"{key} · {name.replace('_', ' ')}", _text(_stated(old, name)), _text(_stated(new, name)))


def _of_named(whose: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    names = [*old, *(each for each in new if each not in old)]
    return [Change(f"{whose} · {name}", _text(old.get(name)), _text(new.get(name))) for name in names]


def _stated(step: Mapping[str, Any], name: str) -> Any:
    """What it comes to: a field left out is its default, so writing that down changes nothing."""
    if name == "task":
        return step.get("task") or step["key"]
    if name == "label":
        return step.get("label") or str(step["key"]).replace("_", " ").capitalize()
    default = StepSpec.__dataclass_fields__[name].default
    return step.get(name, () if name in LISTS else default)


def _summary(step: Mapping[str, Any] | None) -> str:
    """Everything that it states."""
    if step is None:
        return ""
    stated = [
        f"{name.replace('_', ' ')}: {_text(step[name])}" for name in TOLD if step.get(name) not in (None, "", [], {})
    ]
    return "; ".join(stated)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} ← {each}" for name, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return str(value)
