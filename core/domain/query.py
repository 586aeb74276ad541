"""The search grammar: parses one line of text into a query, for the app's filter and for the command line.

Plain words are searched for in name, path, type, tags and notes, which are the texts of meta_json. All terms must
match. Matching ignores case, except for exact values such as ``type:=LoRA``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from core.domain.enums import State, Strategy
from core.domain.verdict import Verdict
from core.errors import CuratorError
from core.text import sanitize

SYNTAX_HELP = (
    ("ink wash", "both words, anywhere: name, path, type, tags, notes"),
    ('"ink wash"', "the exact phrase"),
    ("-ink", "without the word; - also works before any term below"),
    ("name: path: folder: type: tag: note:", "in that field only, as in type:lora"),
    ("base:sdxl", "by base model or its family, as claimed or as the tensors show"),
    ("image:harbour", "by what a sample image was made with: prompt, model, LoRAs, sampler"),
    ("type:=LoRA", "exactly this, case-sensitive; also with the other fields"),
    ("state:", "missing, conflict, same-weights, duplicate, new or unhashed"),
    ("decision:", "override, merge, delete, skip or none"),
    ("verdict:", "intact, unproven, truncated, padded, damaged, other_file, header_rewritten or unreadable_header"),
    ("same:12", "import 12 and others of the same file"),
    ("stack:12", "import 12 and others of the same training: its epochs, versions and precisions"),
    ("size:>2g  size:<500m  size:1g..2g", "by size; k, m, g and t are powers of 1,000"),
)
"""The lines of the help page: syntax, and what it finds."""

LARGEST = 2**63 - 1  # SQLite's largest integer
_TERM = re.compile(r'(?=\S)(-?)(?:([A-Za-z]+):(=?))?(?:"((?:[^"]|"")*)"?|(\S*))')
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([kmgt]?)b?")
_UNITS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_MOST = 100  # words in one line; SQLite could not handle far more
NO_DECISION = "none"
"""How the lack of a decision is written in a term."""


class QueryError(CuratorError):
    """A line of text is not a valid query; the message is one sentence for the user."""


class Field(StrEnum):
    """Where a text is searched for; except for ``ANYWHERE`` the values are the keys of the grammar."""

    ANYWHERE = ""
    NAME = "name"
    PATH = "path"
    FOLDER = "folder"
    TYPE = "type"
    TAG = "tag"
    NOTE = "note"
    BASE = "base"
    IMAGE = "image"


_KEYS = frozenset({*Field, "size", "state", "decision", "same", "stack", "verdict"})


@dataclass(frozen=True, slots=True)
class TextTerm:
    """A text to be found in a value, or as the ``whole`` value; ``text`` is not empty.

    It is case-folded, unless it is the whole value.
    """

    where: Field
    text: str
    negated: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class SizeRange:
    """Sizes in bytes, both ends included. An unknown size, stored as 0, is in no range."""

    low: int
    high: int
    negated: bool = False


@dataclass(frozen=True, slots=True)
class DecisionTerm:
    """A decision, or None for rows without one."""

    strategy: Strategy | None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class StateTerm:
    """A state."""

    state: State
    negated: bool = False


@dataclass(frozen=True, slots=True)
class VerdictTerm:
    """A verdict on the model file."""

    verdict: Verdict
    negated: bool = False


@dataclass(frozen=True, slots=True)
class SameFileTerm:
    """The pending import with this id, and all others whose file has the same hash."""

    id: int
    negated: bool = False


@dataclass(frozen=True, slots=True)
class StackTerm:
    """The pending import with this id, and all others of the same training."""

    id: int
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed line.

    SQL evaluates all but ``states`` and ``verdicts``, and only prefilters for ``same``: these need the model files.
    """

    texts: tuple[TextTerm, ...] = ()
    sizes: tuple[SizeRange, ...] = ()
    decisions: tuple[DecisionTerm, ...] = ()
    states: tuple[StateTerm, ...] = ()
    same: tuple[SameFileTerm, ...] = ()
    verdicts: tuple[VerdictTerm, ...] = ()
    stacks: tuple[StackTerm, ...] = ()

    def admits(self, state: State, verdict: Verdict | None = None) -> bool:
        """Return whether a row with this state and verdict matches the terms about them."""
        return all((state is term.state) != term.negated for term in self.states) and all(
            (verdict is term.verdict) != term.negated for term in self.verdicts
        )


Term = TextTerm | SizeRange | DecisionTerm | StateTerm | SameFileTerm | VerdictTerm | StackTerm


def parse(line: str) -> Query:
    """Parse a line of text into a query; an empty line matches every row.

    A word with an unknown key is a plain word (paths contain colons), and so is a quoted phrase, in which a quote is
    written twice. A key without a value, or empty quotes, are ignored: the user is still typing. Raises QueryError.
    """
    matches = list(_TERM.finditer(line))
    if len(matches) > _MOST:
        raise QueryError(f"a filter takes at most {_MOST} words")
    terms = [term for match in matches if (term := _term(*match.groups())) is not None]
    return Query(
        tuple(term for term in terms if isinstance(term, TextTerm)),
        tuple(term for term in terms if isinstance(term, SizeRange)),
        tuple(term for term in terms if isinstance(term, DecisionTerm)),
        tuple(term for term in terms if isinstance(term, StateTerm)),
        tuple(term for term in terms if isinstance(term, SameFileTerm)),
        tuple(term for term in terms if isinstance(term, VerdictTerm)),
        tuple(term for term in terms if isinstance(term, StackTerm)),
    )


def exactly(where: Field, value: str) -> str:
    """Return the term that matches exactly this value, whatever characters it contains."""
    return '{}:="{}"'.format(where, value.replace('"', '""'))


def narrowed(line: str, term: str) -> str:
    """Return a line with one more term, also where the last phrase of the line is not closed yet."""
    *_, last = [None, *_TERM.finditer(line)]
    is_open = last is not None and last[4] is not None and last.end(4) == last.end()
    closing = '"' if is_open else ""
    return f"{line}{closing} {term}".strip()


def state_word(state: State) -> str:
    """Return a state as it is written in a term."""
    return state.replace(" ", "-")


def _term(minus: str, key: str | None, equals: str | None, phrase: str | None, word: str | None) -> Term | None:
    value = phrase.replace('""', '"') if phrase is not None else word or ""
    if key is not None and key.lower() in _KEYS:
        said = value or (equals if key.lower() == "size" else "")
        return _keyed(key.lower(), equals or "", value, bool(minus)) if said else None
    if key is None and not value and phrase is None:
        return TextTerm(Field.ANYWHERE, minus)  # a single dash
    text = value if key is None else f"{key}:{equals}{value}"
    return TextTerm(Field.ANYWHERE, text.casefold(), bool(minus)) if text else None


def _keyed(key: str, equals: str, value: str, negated: bool) -> Term:
    match key:
        case "size":
            return _size(f"{equals}{value}".lower(), negated)
        case "state":
            return StateTerm(_choice("state", value, {state_word(state): state for state in State}), negated)
        case "decision":
            choices: dict[str, Strategy | None] = {one.value: one for one in Strategy}
            return DecisionTerm(_choice("decision", value, {**choices, NO_DECISION: None}), negated)
        case "verdict":
            return VerdictTerm(_choice("verdict", value, {one.value: one for one in Verdict}), negated)
        case "same" | "stack":
            return (SameFileTerm if key == "same" else StackTerm)(_id(key, value), negated)
    return TextTerm(Field(key), value if equals else value.casefold(), negated, bool(equals))


T = TypeVar("T")


def _choice(key: str, value: str, choices: dict[str, T]) -> T:
    """Return the only choice that begins with ``value``, so that a term works before it is typed in full."""
    wanted = value.lower().replace(" ", "-")
    found = [choice for name, choice in choices.items() if name.startswith(wanted)]
    if len(found) != 1:
        *names, last = choices
        raise QueryError(f"{key}: takes {', '.join(names)} or {last}, not {sanitize(value, 40)}")
    return found[0]


def _id(key: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < len(str(LARGEST))):
        raise QueryError(f"{key}: takes the id of a pending import, as in {key}:12, not {sanitize(value, 40)}")
    return int(value)


def _size(value: str, negated: bool) -> SizeRange:
    low, dots, high = value.partition("..")
    if dots and (low or high):
        return SizeRange(_bytes(low, value) if low else 1, _bytes(high, value) if high else LARGEST, negated)
    if value.startswith(">="):
        return SizeRange(_bytes(value[2:], value), LARGEST, negated)
    if value.startswith("<="):
        return SizeRange(1, _bytes(value[2:], value), negated)
    if value.startswith(">"):
        return SizeRange(_bytes(value[1:], value) + 1, LARGEST, negated)
    if value.startswith("<"):
        return SizeRange(1, _bytes(value[1:], value) - 1, negated)
    raise _no_size(value)


def _bytes(number: str, value: str) -> int:
    match = _NUMBER.fullmatch(number)
    if match is None:
        raise _no_size(value)
    return round(min(float(match[1]) * _UNITS[match[2]], LARGEST - 1024))  # floats just below 2**63 are 1024 apart


def _no_size(value: str) -> QueryError:
    return QueryError(
        f"size: takes > or < and a size, or a range, as in >2g, <500m or 1g..2g, not {sanitize(value, 40)}"
    )
