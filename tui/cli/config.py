"""``config``: the path of the settings file and the values in effect."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from core.text import sanitize
from tui.cli.context import TRASH_DAYS, TRASH_GIB, CliContext, command, trash_amounts


@dataclass(frozen=True, slots=True)
class _Value:
    """A value in effect; ``name`` is dotted, ``source`` says where it comes from."""

    name: str
    value: Any
    source: str


@command("config")
def config(call: CliContext) -> int:
    """Print the path of the settings file and the values in effect.

    The output is a valid settings file.
    """
    from tui.config.keymap import checked_keys

    keys, problems = checked_keys(call.settings.keys, call.settings.path)
    for problem in problems:
        click.echo(sanitize(problem, 4000), err=True)
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


def _values(call: CliContext) -> Iterator[_Value]:
    settings = call.settings
    days, gib = trash_amounts(settings)

    def value(name: str, value: Any, variable: str = "") -> _Value:
        source = "file" if name in settings.given else "default"
        return _Value(name, value, f"environment: {variable}" if os.environ.get(variable) else source)

    yield value("graphics", settings.graphics)
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


def _lines(call: CliContext, values: list[_Value]) -> list[str]:
    there = "" if call.settings.exists else " (does not exist; defaults apply)"
    lines, before = [f"# {sanitize(call.settings.path, 4000)}{there}", ""], ""
    for one in values:
        table, _, name = one.name.rpartition(".")
        if table != before:
            lines += ["", f"[{table}]"]
        lines.append(f"{f'{name} = {_toml(one.value)}':<30} # {one.source}")
        before = table
    return lines


def _key_lines(keys: Mapping[str, str]) -> list[str]:
    from tui.keys import documented

    lines = ["", "[keys]"]
    for binding in documented():
        binding_id = binding.id or ""
        mark = "" if binding_id in keys else "# "
        lines.append(
            f"{f'{mark}{_toml(binding_id)} = {_toml(keys.get(binding_id, binding.key))}':<42} # {binding.tooltip}"
        )
    return lines


def _toml(value: Any) -> str:
    """Return a value as TOML, escaping characters that a terminal must not receive."""
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
    if "\ud800" <= char <= "\udfff":  # a byte that is not valid UTF-8, which TOML cannot represent
        char = "\N{REPLACEMENT CHARACTER}"
    return char if sanitize(char) == char else f"\\U{ord(char):08X}"
