"""The table of keys in the README is that of the app, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

from tui.screens.help import all_bindings, key_name

README = Path(__file__).parent.parent / "README.md"
ROW = re.compile(r"^\| (?P<keys>`.+`) \| (?P<does>.+) \|$")


def table() -> list[tuple[frozenset[str], str]]:
    """Return the rows of the README's table: the keys, and what they do."""
    section = README.read_text(encoding="utf-8").split("\n## Keys\n", 1)[1].split("\n## ", 1)[0]
    rows = [match for line in section.splitlines() if (match := ROW.match(line))]
    return [(frozenset(re.findall(r"`([^`]+)`", row["keys"])), row["does"]) for row in rows]


def bound() -> list[tuple[frozenset[str], str]]:
    """Return the keys of every binding that has an id, as people write them, and what they do."""
    bindings = [binding for binding in all_bindings() if binding.id]
    return [(frozenset(map(key_name, binding.key.split(","))), binding.tooltip) for binding in bindings]


def test_every_key_of_the_app_is_in_the_table() -> None:
    missing = [row for row in bound() if row not in table()]
    assert not missing, "\n".join(f"| {' '.join(f'`{k}`' for k in sorted(keys))} | {does} |" for keys, does in missing)


def test_every_row_of_the_table_is_a_key_of_the_app() -> None:
    assert table(), "there is no table of keys"
    assert [row for row in table() if row not in bound()] == []
