"""Every key of the app as data, by context, for bindings, key bars, help, palette, documentation and settings."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any

from textual.app import App
from textual.binding import Binding, BindingType
from textual.keys import format_key

_NAMES = {"pagedown": "PgDn", "pageup": "PgUp", "escape": "Esc", "enter": "Enter"}  # else a sign, or the full name


def _key(
    keys: str,
    action: str,
    label: str,
    binding_id: str,
    tooltip: str,
    *,
    display: str | None = None,
    priority: bool = False,
) -> Binding:
    return Binding(keys, action, label, id=binding_id, tooltip=tooltip, key_display=display, priority=priority)


def _hidden(
    keys: str, action: str, label: str, binding_id: str, tooltip: str, *, display: str | None = None
) -> Binding:
    """Return a binding that no key bar shows."""
    return Binding(keys, action, label, id=binding_id, tooltip=tooltip, key_display=display, show=False)


KEYS: Mapping[str, list[BindingType]] = {
    "app": [
        _key("question_mark,f1", "help", "help", "app.help", "Show all keys", display="?"),
        _key("q,ctrl+c", "quit", "quit", "app.quit", "Quit; decisions are kept", display="q"),
        _hidden("z", "sensitive", "sensitive", "app.sensitive", "Show or hide sensitive images"),
        Binding(
            "ctrl+q", "quit", "quit", id="app.quit_now", show=False, priority=True, tooltip="Quit, also from a dialog"
        ),
    ],
    "list": [
        _hidden("j,down", "move(1)", "next", "move.down", "Next row"),
        _hidden("k,up", "move(-1)", "previous", "move.up", "Previous row"),
        _hidden("pagedown", "page(1)", "page down", "move.page_down", "Page down"),
        _hidden("pageup", "page(-1)", "page up", "move.page_up", "Page up"),
        _hidden("g,home", "first", "first", "move.first", "First row"),
        _hidden("G,end", "last", "last", "move.last", "Last row"),
    ],
    "queue list": [
        _hidden("t", "sort", "sort", "look.sort", "Sort by the next column"),
        _hidden("T", "turn", "reverse", "look.turn", "Reverse the sort order"),
        _hidden("f", "fold", "fold", "look.fold", "One line for each training, or one for each file"),
    ],
    "queue": [
        _key("m", "decide('merge')", "merge", "decide.merge", "Merge: keep library values, fill gaps"),
        _key("o", "decide('override')", "override", "decide.override", "Override: take every value of the import"),
        _key("d", "decide('delete')", "delete", "decide.delete", "Delete the import, keep the model file"),
        _key("s", "decide('skip')", "skip", "decide.skip", "Skip: leave it in the queue"),
        _hidden("equals_sign", "bulk('alike')", "similar", "decide.alike", "Apply to similar imports", display="="),
        _hidden("number_sign", "bulk('words')", "words", "decide.words", "Add tags and trigger words", display="#"),
        _key("full_stop", "suggest", "suggested", "decide.suggested", "Accept the suggestion", display="."),
        _key("a", "apply", "apply", "apply.start", "Apply all decisions, after one confirmation"),
        _key("enter", "compare", "compare", "look.compare", "Compare every field and image", display="⏎"),
        _key("c", "clear", "clear", "decide.clear", "Clear the decision"),
        _key("x", "stop", "stop", "apply.stop", "Stop after the current model"),
        _key("u", "undo", "undo", "apply.undo", "Undo the newest promotion or import"),
        _hidden("U", "history", "history", "apply.history", "History"),
        _hidden("r,f5", "reload", "reload", "look.reload", "Reload the queue"),
        _hidden("H", "pause_hashing", "pause hashing", "look.hashing", "Pause or resume hashing"),
        _hidden("i", "bring_in", "import", "import.open", "Bring models in: a folder or an old database"),
        _hidden("R", "relink", "relink", "import.relink", "Find missing files in the remembered folders"),
        _key("space", "mark('one')", "mark", "mark.one", "Mark the row and move on", display="space"),
        _hidden("asterisk", "mark('all')", "mark all", "mark.all", "Mark all rows shown", display="*"),
        _hidden("I", "mark('inverted')", "invert marks", "mark.invert", "Invert the marks of all rows shown"),
        _hidden("V", "mark('range')", "range", "mark.range", "Start or end a range at the cursor"),
        _hidden("n", "undecided(1)", "next undecided", "move.undecided", "Next row without a decision"),
        _hidden("N", "undecided(-1)", "previous undecided", "move.undecided_before", "Previous row without a decision"),
        _hidden("F", "bulk('facets')", "facets", "look.facets", "Count types, base models and tags; filter by one"),
        # With priority: words typed quickly after it must not decide anything in the list.
        _key("slash", "filter", "filter", "look.filter", "Filter the list", priority=True),
        _key("h,left", "image(-1)", "image", "look.image_before", "Previous sample image", display="h l"),
        _hidden("l,right", "image(1)", "next image", "look.image_next", "Next sample image"),
        _hidden("v", "view", "view", "look.view", "Full-size images"),
        _hidden("D", "same", "same file", "look.same", "Show only imports of the same file"),
        _hidden("tab", "peek", "other plan", "look.peek", "Preview the next strategy"),
        _key("L", "log", "log", "look.log", "Log of what was applied"),
        _hidden("escape", "escape", "clear", "look.escape", "Drop the range, clear the filter, then the marks"),
    ],
    "filter": [
        _key("enter,down", "leave", "back to the list", "filter.leave", "Keep the filter", display="⏎"),
        _key("escape", "clear", "clear", "filter.clear", "Clear the filter and return to the list"),
    ],
    "compare": [
        _key("m", "decide('merge')", "merge", "compare.merge", "Merge: keep library values, fill gaps"),
        _key("o", "decide('override')", "override", "compare.override", "Override: take every value of the import"),
        _key("d", "decide('delete')", "delete", "compare.delete", "Delete the import"),
        _key("s", "decide('skip')", "skip", "compare.skip", "Skip: leave it in the queue"),
        _key(
            "enter",
            "turn",
            "source",
            "compare.turn",
            "Take the value from the next source",
            display="⏎",
        ),
        _hidden("c", "clear", "clear", "compare.clear", "Clear the decision"),
        _key("J", "step(1)", "import", "compare.next", "Next import", display="J K"),
        _hidden("K", "step(-1)", "import", "compare.before", "Previous import"),
        _key("l,right", "image(1)", "image", "compare.image_next", "Next images", display="h l"),
        _hidden("h,left", "image(-1)", "image", "compare.image_before", "Previous images"),
        _key("v", "view", "view", "compare.view", "Full-size images of both sides"),
        _key("escape,q", "back", "list", "compare.back", "Back to the list", display="esc"),
    ],
    "fields": [
        _key("j,down", "move(1)", "field", "fields.down", "Next field", display="j k"),
        _hidden("k,up", "move(-1)", "field", "fields.up", "Previous field"),
        _hidden("pagedown,ctrl+d", "page(1)", "page down", "fields.page_down", "Page down"),
        _hidden("pageup,ctrl+u", "page(-1)", "page up", "fields.page_up", "Page up"),
        _hidden("g,home", "move(-1000000)", "first", "fields.first", "First field"),
        _hidden("G,end", "move(1000000)", "last", "fields.last", "Last field"),
    ],
    "viewer": [
        _key("l,right,space", "image(1)", "image", "view.next", "Next image", display="h l"),
        _hidden("h,left", "image(-1)", "image", "view.before", "Previous image"),
        _key("j,down", "step(1)", "import", "view.down", "Next import", display="j k"),
        _hidden("k,up", "step(-1)", "import", "view.up", "Previous import"),
        _key("tab", "two_up", "beside the library's", "view.two_up", "One image, or both side by side"),
        _key("escape,v,q", "dismiss", "back", "view.back", "Back", display="esc"),
    ],
    "import": [
        _key("escape", "leave", "close", "import.leave", "Close; while importing: stop between rows"),
        _key("y,enter,q", "done", "close", "import.done", "Close the report"),
        _hidden("down", "line(1)", "next line", "import.down", "Next line"),
        _hidden("up", "line(-1)", "previous line", "import.up", "Previous line"),
        _hidden("j", "scroll(1)", "down", "import.scroll_down", "Scroll down"),
        _hidden("k", "scroll(-1)", "up", "import.scroll_up", "Scroll up"),
    ],
    "report": [_hidden("slash", "filter", "filter", "import.filter", "Filter the problems of a scan")],
    "report filter": [
        _key("down", "leave", "back to the report", "import.filter_leave", "Keep the words, and back to the report"),
        _key("escape", "clear", "clear", "import.filter_clear", "Show all problems again"),
    ],
    "words": [
        _key("enter", "add", "add", "words.add", "Add the words"),
        _key("tab", "next", "next field", "words.next", "Next field"),
        _key("escape", "dismiss(None)", "cancel", "words.cancel", "Back, change nothing"),
    ],
    "path": [_key("tab", "complete", "complete", "import.complete", "Complete the path")],
    "history": [
        _key("escape,U,q", "dismiss(False)", "close", "history.close", "Back to the list"),
        _key("u", "dismiss(True)", "undo", "history.undo", "Undo the newest promotion or import"),
        _hidden("j,down", "scroll(1)", "down", "history.down", "Scroll down"),
        _hidden("k,up", "scroll(-1)", "up", "history.up", "Scroll up"),
    ],
    "log": [
        _key("escape,L,q", "dismiss", "close", "log.close", "Back to the list"),
        _key("x", "stop", "stop", "log.stop", "Stop after the current model"),
        _hidden("j", "scroll(1)", "down", "log.down", "Scroll down"),
        _hidden("k", "scroll(-1)", "up", "log.up", "Scroll up"),
    ],
    "dialog": [
        _key("y", "confirm", "yes", "dialog.yes", "Yes, do it"),
        _key("n,escape", "cancel", "no", "dialog.no", "No, change nothing"),
    ],
    "summary": [
        _hidden("j,down", "scroll(1)", "down", "dialog.down", "Scroll down"),
        _hidden("k,up", "scroll(-1)", "up", "dialog.up", "Scroll up"),
    ],
    "criteria": [
        _key("space", "select", "toggle", "alike.switch", "Toggle this criterion"),
        _key("j,down", "cursor_down", "down", "alike.down", "Next criterion"),
        _key("k,up", "cursor_up", "up", "alike.up", "Previous criterion"),
    ],
    "bulk decision": [
        _key("m", "act('merge')", "merge", "alike.merge", "Merge all matches"),
        _key("o", "act('override')", "override", "alike.override", "Override with all matches"),
        _key("d", "act('delete')", "delete", "alike.delete", "Delete all matches"),
        _key("s", "act('skip')", "skip", "alike.skip", "Skip all matches"),
        _key("full_stop", "act_suggested", "suggested", "alike.suggested", "Accept the suggestion for each match"),
        _key("enter,y", "act_mark", "mark", "alike.mark", "Mark all matches in the list"),
        _key("n,escape,q", "dismiss(None)", "no", "alike.no", "Back, change nothing"),
    ],
    "facets": [
        _key("enter", "select", "only these", "facets.only", "Show only imports with this value", display="⏎"),
        _key("j,down", "cursor_down", "down", "facets.down", "Next value"),
        _key("k,up", "cursor_up", "up", "facets.up", "Previous value"),
        _hidden("pagedown", "page_down", "page down", "facets.page_down", "Page down"),
        _hidden("pageup", "page_up", "page up", "facets.page_up", "Page up"),
        _hidden("g,home", "first", "first", "facets.first", "First value"),
        _hidden("G,end", "last", "last", "facets.last", "Last value"),
    ],
    "facets dialog": [
        _key("minus", "without", "without", "facets.without", "Show only imports without this value", display="-"),
        _key("escape,q,F", "dismiss(None)", "back", "facets.back", "Back, change nothing"),
    ],
    "help": [_key("escape,question_mark,f1,q", "dismiss", "close", "help.close", "Close the help")],
}

TOGETHER: tuple[tuple[str, ...], ...] = (
    ("list", "queue list", "queue", "app"),
    ("filter", "app"),
    ("compare", "fields", "app"),
    ("viewer", "app"),
    ("import", "path", "app"),
    ("import", "report", "app"),
    ("report filter", "app"),
    ("history", "app"),
    ("log", "app"),
    ("dialog", "summary", "app"),
    ("bulk decision", "criteria", "app"),
    ("words", "app"),
    ("facets", "facets dialog", "app"),
)
"""Contexts whose keys work at the same time: within one of these, no key may have two meanings."""

GROUPS: Mapping[str, str] = {
    "move": "Moving",
    "decide": "Deciding",
    "mark": "Marking",
    "alike": "Similar imports",
    "words": "Adding tags and trigger words",
    "look": "Viewing",
    "facets": "Counting and filtering",
    "filter": "In the filter",
    "apply": "Applying",
    "import": "Importing",
    "compare": "In the comparison",
    "fields": "In its fields",
    "view": "In the image viewer",
    "history": "In the history",
    "log": "In the log",
    "dialog": "In every dialog",
    "app": "Everywhere",
}
"""Titles of key groups, by the first part of a binding's id, in the order of the help and of docs/keys.md."""


def bindings(*contexts: str) -> list[Binding]:
    """Return the bindings of contexts, in order."""
    return [one for one in chain.from_iterable(KEYS[context] for context in contexts) if isinstance(one, Binding)]


def documented() -> list[Binding]:
    """Return the bindings that help and documentation list, each once."""
    return list(dict.fromkeys(one for contexts in TOGETHER for one in bindings(*contexts)))


def key_name(key: str) -> str:
    """Return a key as people write it."""
    if key in _NAMES:
        return _NAMES[key]
    shown = format_key(key)
    return shown if len(shown) == 1 else "+".join(part.capitalize() for part in key.split("+"))


def display_key(app: App[Any], binding_id: str) -> str:
    """Return the key of a binding as key bars show it, including a change in the settings."""
    changed: Mapping[str, str] = getattr(app, "keys", {})
    [usual] = {one.key for one in documented() if one.id == binding_id}
    return format_key(changed.get(binding_id, usual).split(",")[0])
