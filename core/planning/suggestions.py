"""Suggest a strategy for a pending import, with the reason: a small table of rules over the plan of a merge.

The first rule that fits applies. Rules use the plan (of an insert, if the library does not have the model) and the row
of the queue, so that a suggestion never depends on anything that cannot be shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from core.domain.enums import Action, State, Strategy
from core.domain.plans import FieldPlan, Plan
from core.domain.verdict import BAD_VERDICTS, VERDICT_WORDS, Verdict
from core.files.paths import last_component
from core.merger import is_empty, json_equal, merge_meta_json
from core.planning.base_families import contradict
from core.text import count_of, sanitize

# Fields that no user wrote. A merge loses no path, since each stays as a location of the model, and with it a name
# that is just the file name; equal hashes mean equal sizes; the date is when a database first recorded the file. They
# need no review, but ``why`` says whose values are kept.
_PATH, _NAME, _SIZE, _DATE = ("path",), ("name",), ("size_bytes",), ("created_at",)
# The fields that say most about a model, in order; all others follow.
_TELLING = ("description", "prompts.positive", "prompts.negative", "name", "type")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A strategy, or None if the user should review the import; ``why`` is one line, safe to show in a terminal.

    ``safe`` means that it can be accepted in bulk without a review: nothing is overwritten or dropped.
    """

    strategy: Strategy | None
    why: str
    safe: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """The input of the rules; the texts are parts of ``why``, empty if there is nothing to say."""

    state: State
    other_file: bool
    other_base: str = ""
    bad_file: str = ""
    reason: str = ""
    inserts: bool = False
    additions: str = ""
    differs: str = ""
    kept: str = ""
    refused: str = ""
    copies: str = ""
    alias: str = ""

    @property
    def caveats(self) -> str:
        """Reasons for a review: images that are dropped, and copies that may be promoted first."""
        return self.refused + self.copies


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table; ``help`` says on a help page when the rule fits."""

    name: str
    help: str
    strategy: Strategy | None
    safe: bool
    fits: Callable[[Facts], bool]
    why: Callable[[Facts], str]


RULES = (
    Rule("missing", "its model file is missing", None, False,
         lambda f: f.state is State.MISSING, lambda _: "its file is missing: review"),
    Rule("unhashed", "its hash is not known yet", None, False,
         lambda f: f.state is State.UNHASHED, lambda _: "not hashed yet"),
    Rule("no plan", "no plan can be made", None, False,
         lambda f: bool(f.reason), lambda f: f"{f.reason}: review"),
    Rule("bad file", "the file is cut short, damaged, or not what its sidecar was written for", None, False,
         lambda f: bool(f.bad_file), lambda f: f"{f.bad_file}: review"),
    Rule("other file", "the metadata was written for another file", None, False,
         lambda f: f.other_file, lambda _: "its metadata was written for another file: review"),
    Rule("other base", "its tensors are of another base model than it claims", None, False,
         lambda f: bool(f.other_base), lambda f: f"{f.other_base}: review"),
    Rule("differs", "both have a value, and the values differ", None, False,
         lambda f: bool(f.differs), lambda f: f"{f.alias}{f.differs}: review"),
    Rule("new, but", "new; an image is refused, or another import is the same file", Strategy.MERGE, False,
         lambda f: f.inserts and bool(f.caveats), lambda f: f"new{f.additions}{f.caveats}: merge"),
    Rule("new", "new in the library", Strategy.MERGE, True,
         lambda f: f.inserts, lambda f: f"new{f.additions}: merge"),
    Rule("same weights, but", "a model has its weights; an image is refused, or another import has them",
         Strategy.MERGE, False,
         lambda f: bool(f.alias and f.caveats),
         lambda f: f"{f.alias}{_or_nothing(f)}{f.caveats}: merge"),
    Rule("same weights", "a model of the library has its weights, and a merge only adds", Strategy.MERGE, True,
         lambda f: bool(f.alias), lambda f: f"{f.alias}{_or_nothing(f)}: merge"),
    Rule("nothing, but", "the library has it all; an image is refused", Strategy.DELETE, False,
         lambda f: not f.additions and bool(f.refused),
         lambda f: f"adds nothing the library does not have{f.kept}{f.refused}: delete"),
    Rule("nothing", "the library has it all", Strategy.DELETE, True,
         lambda f: not f.additions, lambda f: f"adds nothing the library does not have{f.kept}: delete"),
    Rule("adds, but", "it only adds; an image is refused, or another import is the same file", Strategy.MERGE, False,
         lambda f: bool(f.caveats), lambda f: f"{f.additions}, overwrites nothing{f.kept}{f.caveats}: merge"),
    Rule("adds", "it only adds", Strategy.MERGE, True,
         lambda _: True, lambda f: f"{f.additions}, overwrites nothing{f.kept}: merge"),
)  # fmt: skip
"""The first matching rule applies."""


def suggest(
    state: State,
    plan: Plan | None,
    *,
    reason: str = "",
    copies: int = 0,
    sha256: str | None = None,
    claimed_sha256: str | None = None,
    bases: tuple[str, str] = ("", ""),
    judged: Verdict | None = None,
    with_weights: int = 0,
) -> Suggestion:
    """Return the suggestion for a pending import in this state.

    ``plan`` is that of a merge, or of an insert if the library does not have the model; None for the ``reason``.
    ``copies`` counts the other pending imports with the same hash, in any state: one may differ from what another
    adds, so none of them is safe to merge. ``bases`` are the base model that is claimed and the one that the tensors
    show, '' where unknown; ``judged`` is the verdict on the file. ``with_weights`` counts other pending imports with
    the same weights, of which the same is true as of copies. Raises ValueError for the plan of another strategy.
    """
    other_file = None not in (sha256, claimed_sha256) and sha256 != claimed_sha256
    facts = (
        Facts(state, other_file, reason=sanitize(reason or "no plan can be made"))
        if plan is None
        else replace(
            _facts(state, other_file, plan, bases),
            copies=_copies(max(copies, int(state is State.DUPLICATE)), "of the same file")
            + _copies(with_weights, "with the same weights"),
            bad_file=VERDICT_WORDS[judged] if judged in BAD_VERDICTS else "",
        )
    )
    rule = next(rule for rule in RULES if rule.fits(facts))
    return Suggestion(rule.strategy, rule.why(facts), rule.safe)


def _copies(number: int, which: str) -> str:
    return f", {count_of(number, 'other import')} {which}" if number else ""


def _or_nothing(facts: Facts) -> str:
    return f"{facts.additions}, overwrites nothing{facts.kept}" if facts.additions else f"adds no metadata{facts.kept}"


def _facts(state: State, other_file: bool, plan: Plan, bases: tuple[str, str]) -> Facts:
    if plan.action_taken not in (Action.INSERTED, Action.MERGED):
        raise ValueError(f"a suggestion is made from the plan of a merge, not {plan.action_taken}")
    inserts = plan.action_taken is Action.INSERTED
    refused = len(plan.images.refused)
    return Facts(
        state,
        other_file,
        f"claims {sanitize(bases[0], 30)}, tensors show {sanitize(bases[1], 30)}" if contradict(*bases) else "",
        inserts=inserts,
        additions=_insert_words(plan) if inserts else _merge_words(plan),
        differs="" if inserts else _differing_words(plan),
        kept="" if inserts else _kept_words(plan),
        refused=f", drops {count_of(refused, 'refused image')}" if refused else "",
        alias=f"same weights as {plan.alias_of[:8]}: " if plan.alias_of else "",
    )


def _insert_words(plan: Plan) -> str:
    added = _added(plan)
    return f", with {added}" if added else ""


def _merge_words(plan: Plan) -> str:
    added = _added(plan)
    changed = [field for field in plan.fields if not json_equal(field.existing, field.result)]
    filled = sum(_is_blank(field, field.existing) for field in changed)
    extended = sum(isinstance(field.existing, list) and not is_empty(field.existing) for field in changed)
    words = [f"adds {added}"] if added else []
    words += [f"fills {count_of(filled, 'field')}"] if filled else []
    words += [f"extends {count_of(extended, 'list')}"] if extended else []
    return ", ".join([*words, *_path_words(plan)])


def _added(plan: Plan) -> str:
    pairs = ((len(plan.images.added), "image"), (len(plan.tags.added), "tag"))
    return " and ".join(count_of(number, noun) for number, noun in pairs if number)


def _path_words(plan: Plan) -> list[str]:
    for field in plan.fields:
        if field.path == _PATH and field.existing and field.pending and field.pending != field.existing:
            return ["adds its path" if field.result == field.existing else "gives its path for yours, which is gone"]
    return []


def _facts_of(plan: Plan) -> dict[tuple[str, ...], str]:
    """Return the fields that no user wrote, with their names."""
    facts: dict[tuple[str, ...], str] = {_PATH: "path", _SIZE: "size", _DATE: "date"}
    values = {field.path: field.pending for field in plan.fields}
    file = last_component(values[_PATH])
    return {_NAME: "name", **facts} if values[_NAME] in (file, file.rpartition(".")[0]) else facts


def _kept_words(plan: Plan) -> str:
    facts = _facts_of(plan)
    fields = [field for field in plan.fields if field.path in facts and field.path != _PATH]
    kept = [facts[field.path] for field in fields if field.pending and field.pending != field.result]
    *names, last = kept or [""]
    return f", keeps your {' and '.join([', '.join(names), last] if names else [last])}" if kept else ""


def _differing_words(plan: Plan) -> str:
    facts = _facts_of(plan)
    fields = sorted((field for field in plan.fields if field.path not in facts and _is_dropped(field)), key=_rank)
    if not fields:
        return ""
    first, more = fields[0], len(fields) - 1
    others = f", so {'do' if more > 1 else 'does'} {count_of(more, 'more field')}" if more else ""
    return f"its {sanitize(_label(first), 40)} differs{describe_difference(first.existing, first.pending)}{others}"


def _is_dropped(field: FieldPlan) -> bool:
    """Return whether the pending import's value is missing from the result."""
    if is_empty(field.pending):
        return False
    if isinstance(field.pending, list) and isinstance(field.result, list):
        result = {"": field.result}
        return not json_equal(merge_meta_json(result, {"": field.pending}), result)
    return not json_equal(field.pending, field.result)


def _is_blank(field: FieldPlan, value: Any) -> bool:
    return is_empty(value) or (field.path in (_SIZE, _DATE) and value == 0)


def _rank(field: FieldPlan) -> int:
    label = _label(field)
    return _TELLING.index(label) if label in _TELLING else len(_TELLING)


def _label(field: FieldPlan) -> str:
    return ".".join(field.path[1:] or field.path)


def describe_difference(existing: Any, pending: Any) -> str:
    """Return how two differing values compare: the lengths of texts, in characters, or the numbers themselves."""
    if isinstance(existing, str) and isinstance(pending, str):
        yours, its = len(existing), len(pending)
        longer = "both are as long" if yours == its else "yours is longer" if yours > its else "its own is longer"
        return f", {longer} ({max(yours, its):,} to {min(yours, its):,})"
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in (existing, pending)):
        return f", {sanitize(pending, 20)} where yours is {sanitize(existing, 20)}"
    return ""
