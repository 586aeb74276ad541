"""The settings: a TOML file in the platform's config folder; invalid values are reported, valid ones still apply."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.text import sanitize

GRAPHICS = ("auto", "kitty", "sixel", "half", "off")
THEMES = ("curator", "curator-light", "curator-contrast")
MOST_THREADS = 32
_LARGEST = 1024 * 1024  # bytes; a longer file is not a settings file
_MOST = 1e9


@dataclass(frozen=True, slots=True)
class Settings:
    """The values of the file, with defaults for the rest; ``given`` names those that the file sets."""

    graphics: str = GRAPHICS[0]
    theme: str = THEMES[0]
    library: str | None = None
    hash_ahead: bool = True
    hash_threads: int = 2
    trash_days: float = 30
    trash_gib: float = 2
    sensitive_tags: tuple[str, ...] = ("nsfw",)
    keys: Mapping[str, str] = field(default_factory=dict)  # by binding id; see ``tui.config.keymap``
    path: str = ""
    exists: bool = False
    given: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()


class _Wrong(Exception):
    """A value is invalid; the text says what it must be."""


def settings_path() -> str:
    """Return the path of the settings file, which need not exist."""
    if path := os.environ.get("MODEL_CURATOR_CONFIG"):
        return os.path.abspath(path)
    import platformdirs  # noqa: PLC0415 - start-up

    return os.path.join(platformdirs.user_config_dir("model-curator", appauthor=False), "config.toml")


def read_settings(path: str) -> Settings:
    """Read the settings; invalid content never raises. A missing file counts as empty."""
    usual = Settings(path=path)
    try:
        document = _document(path)
    except FileNotFoundError:
        return usual
    except _Wrong as wrong:
        return replace(usual, exists=True, warnings=(f"{path} is ignored: {wrong}",))
    values: dict[str, Any] = {}
    given, warnings = set(), []
    for name, value in _flat(document).items():
        try:
            attribute, check = _known(name)
            values[attribute] = check(value)
        except _Wrong as wrong:
            warnings.append(f"{path}: {sanitize(name, 80)} {wrong}")
        else:
            given.add("graphics" if name == "images" else name)
    return replace(usual, **values, exists=True, given=frozenset(given), warnings=tuple(warnings))


def _document(path: str) -> dict[str, Any]:
    try:
        if os.path.lexists(path) and not os.path.isfile(path):
            raise _Wrong("it is not a regular file")
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _Wrong(f"it cannot be read ({error.strerror})") from error
    if len(data) > _LARGEST:
        raise _Wrong("it is longer than 1 MiB")
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _Wrong(f"it is not in UTF-8 (at line {line})") from error
    except (ValueError, RecursionError) as error:
        raise _Wrong(f"{sanitize(str(error), 200)}") from error


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by dotted name; a value where a table is expected keeps its name."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        if name in _TABLES and isinstance(value, dict):
            flat.update({name: value} if name == "keys" else {f"{name}.{inner}": one for inner, one in value.items()})
        else:
            flat[name] = value
    return flat


def _known(name: str) -> tuple[str, Callable[[Any], Any]]:
    try:
        return _VALUES[name]
    except KeyError:
        if name in _TABLES:
            raise _Wrong(f"must be a table: write [{name}]") from None
        raise _Wrong("is not a setting; model-curator config lists them") from None


def _one_of(choices: tuple[str, ...]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in choices:
            raise _Wrong(f"must be one of {', '.join(choices)}")
        return str(value)

    return check


def _folder(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise _Wrong("must be a folder, in quotes")
    folder = os.path.expanduser(value)
    if not os.path.isabs(folder):
        raise _Wrong("must be an absolute path, from / or ~")
    return folder


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("must be true or false")
    return value


def _threads(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_THREADS:
        raise _Wrong(f"must be a whole number from 1 to {MOST_THREADS}")
    return value


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _MOST:
        raise _Wrong("must be a number, 0 or more")
    return float(value)


def _tags(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(tag, str) and tag.strip() for tag in value):
        raise _Wrong('must be a list of tags, such as ["nsfw"]')
    return tuple(value)


def _keys(value: Any) -> Mapping[str, str]:
    """Accept any table: only the app knows which keys exist."""
    if not isinstance(value, dict):
        raise _Wrong("must be a table: write [keys]")
    found: dict[str, Any] = {}
    for name, one in value.items():  # without quotes, decide.merge is a nested table, and means the same
        found.update({f"{name}.{inner}": key for inner, key in one.items()} if isinstance(one, dict) else {name: one})
    return {name: one if isinstance(one, str) else "" for name, one in found.items()}


_TABLES = ("hashing", "trash", "samples", "keys")
_VALUES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "graphics": ("graphics", _one_of(GRAPHICS)),
    "images": ("graphics", _one_of(GRAPHICS)),  # its name until 0.1
    "theme": ("theme", _one_of(THEMES)),
    "library": ("library", _folder),
    "hashing.ahead": ("hash_ahead", _switch),
    "hashing.threads": ("hash_threads", _threads),
    "trash.days": ("trash_days", _amount),
    "trash.gib": ("trash_gib", _amount),
    "samples.sensitive_tags": ("sensitive_tags", _tags),
    "keys": ("keys", _keys),
}
