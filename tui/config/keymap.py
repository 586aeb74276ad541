"""Keys that the settings change: which changes are valid, and why others are not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from textual.app import App
from textual.binding import Binding
from textual.keys import Keys, format_key, key_to_character

from core.text import sanitize
from tui.keys import TOGETHER, bindings

_MODIFIERS = {"ctrl", "alt", "shift", "super", "hyper", "meta"}
_NAMES = {str(key.value) for key in Keys} - {"<any>", "<ignore>"}
_SYSTEM = {App.COMMAND_PALETTE_BINDING: "the command palette"}
_SEPARATOR = re.compile(r"\s*,\s*")


def checked_keys(wanted: Mapping[str, str], path: str = "") -> tuple[dict[str, str], list[str]]:
    """Return the valid keys by binding id, and a sentence for each invalid one."""
    groups = [bindings(*contexts) for contexts in TOGETHER]
    usual = {binding.id: binding.key for room in groups for binding in room if binding.id}
    keys: dict[str, str] = {}
    problems: list[str] = []
    for binding_id, text in wanted.items():
        problem = "" if binding_id in usual else "is not a key of the app; model-curator config lists them"
        problem = problem or _problem(text)
        if problem:
            problems.append(f"{path}: keys.{sanitize(binding_id, 80)} {problem}")
        else:
            keys[binding_id] = ",".join(map(_long, _SEPARATOR.split(text.strip())))
    while clash := _find_conflict(groups, keys):
        binding_id, other, key = clash
        del keys[binding_id]
        problems.append(f"{path}: keys.{binding_id} cannot be {format_key(key)}, which is {other}")
    return keys, problems


def _problem(text: str) -> str:
    if not text.strip():
        return 'must be a key, such as "M", or several, such as "M,ctrl+o"'
    wrong = [key for key in _SEPARATOR.split(text.strip()) if not _is_key(key)]
    return f"must be a key, and {sanitize(wrong[0], 40)!r} is none" if wrong else ""


def _is_key(key: str) -> bool:
    if len(key) == 1:
        return key.isprintable() and key != " "
    *modifiers, last = key.split("+")
    known = last in _NAMES or (len(last) == 1 and last.isprintable()) or key_to_character(last) is not None
    return known and set(modifiers) <= _MODIFIERS and last == last.strip()


def _long(key: str) -> str:
    """Return Textual's name of a key: ``/`` is ``slash``."""
    [binding] = Binding.make_bindings([Binding(key, "")])
    return binding.key


def _find_conflict(groups: Sequence[Sequence[Binding]], keys: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Return the last changed binding in conflict, the other meaning of its key, and the key, or None."""
    for room in groups:
        before, after = _by_key(room, {}), _by_key(room, keys)
        for key, ids in after.items():
            new = [binding_id for binding_id in keys if binding_id in ids and binding_id not in before.get(key, ())]
            if new and (others := [binding_id for binding_id in ids if binding_id != new[-1]]):
                return new[-1], others[0], key
            if new and key in _SYSTEM:
                return new[-1], _SYSTEM[key], key
    return None


def _by_key(room: Sequence[Binding], keys: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for binding in room:
        if binding.id:
            for key in keys.get(binding.id, binding.key).split(","):
                found.setdefault(key, []).append(binding.id)
    return found
