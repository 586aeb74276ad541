"""``config``: where the settings are, and which values are in force."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from core.display import plain
from tui.commands.call import TRASH_DAYS, TRASH_GIB, Call, command, trash_amounts


@dataclass(frozen=True, slots=True)
class _Value:
    """One value in force; ``name`` is dotted, ``source`` says where it came from."""

    name: str
    value: Any
    source: str


@command("config")
def config(call: Call) -> int:
    """Print the path of the settings file, and the values in force.

    What is printed is a settings file itself.
    """
    from tui.keymap import checked_keys

    keys, problems = checked_keys(call.settings.keys, call.settings.path)
    for problem in problems:
        click.echo(plain(problem, 4000), err=True)
    values = list(_values(call))
    warnings = [*call.settings.warnings, *problems]
    call.answer(
        {
            "path": call.settings.path,
            "exists": call.settings.exists,
            "values": _object(values, keys),
            "warnings": warnings,
        },
        lambda: [*_lines(call, values), *_key_lines(keys)],
    )
    return 0


def _values(call: Call) -> Iterator[_Value]:
    settings = call.settings
    days, gib = trash_amounts(settings)

    def value(name: str, value: Any, variable: str = "") -> _Value:
        source = "file" if name in settings.given else "default"
        return _Value(name, value, f"environment: {variable}" if os.environ.get(variable) else source)

    yield value("images", settings.images)
    yield value("theme", settings.theme)
    library = value("library", call.folder, "MODEL_CURATOR_LIBRARY")
    yield _Value("library", os.path.abspath(call.folder), "option: --library" if call.given else library.source)
    yield value("hashing.ahead", settings.hash_ahead)
    yield value("hashing.threads", settings.hash_threads)
    yield value("trash.days", days, TRASH_DAYS)
    yield value("trash.gib", gib, TRASH_GIB)
    yield value("samples.sensitive_tags", list(settings.sensitive_tags))


def _object(values: list[_Value], keys: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in values:
        table, _, name = one.name.rpartition(".")
        (found.setdefault(table, {}) if table else found)[name] = one.value
    return {**found, "keys": dict(keys)}


def _lines(call: Call, values: list[_Value]) -> list[str]:
    there = "" if call.settings.exists else " (not there: nothing has to be)"
    lines, before = [f"# {plain(call.settings.path, 4000)}{there}", ""], ""
    for one in values:
        table, _, name = one.name.rpartition(".")
        if table != before:
            lines += ["", f"[{table}]"]
        lines.append(f"{f'{name} = {_toml(one.value)}':<30} # {one.source}")
        before = table
    return lines


def _key_lines(keys: Mapping[str, str]) -> list[str]:
    from tui.screens.help import all_bindings

    lines = ["", "[keys]"]
    for binding in all_bindings():
        id = binding.id or ""
        mark = "" if id in keys else "# "
        lines.append(f"{f'{mark}{_toml(id)} = {_toml(keys.get(id, binding.key))}':<42} # {binding.tooltip}")
    return lines


def _toml(value: Any) -> str:
    """Return a value as TOML, in characters that a terminal shows plainly."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return f'"{"".join(map(_character, value))}"'
    return repr(int(value) if value == int(value) else value)


def _character(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if "\ud800" <= char <= "\udfff":  # a byte that is no UTF-8: TOML has no way to write it
        char = "\N{REPLACEMENT CHARACTER}"
    return char if plain(char) == char else f"\\U{ord(char):08X}"
