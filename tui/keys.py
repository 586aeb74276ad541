"""The keys of the queue: what each does is in the screen."""

from __future__ import annotations

from textual.binding import Binding, BindingType

QUEUE_KEYS: list[BindingType] = [
    Binding("m", "decide('merge')", "merge", id="decide.merge", tooltip="Keep the library's, fill its gaps"),
    Binding("o", "decide('override')", "override", id="decide.override", tooltip="Take all from the import"),
    Binding("d", "decide('delete')", "delete", id="decide.delete", tooltip="Drop the import, keep the model file"),
    Binding("s", "decide('skip')", "skip", id="decide.skip", tooltip="Leave it in the queue as it is"),
    Binding(
        "equals_sign",
        "alike",
        "same for all",
        id="decide.alike",
        key_display="=",
        show=False,
        tooltip="The same for all like this",
    ),
    Binding(
        "full_stop", "suggest", "suggested", id="decide.suggested", key_display=".", tooltip="Take what is proposed"
    ),
    Binding("a", "apply", "apply", id="apply.start", tooltip="Sum up all decisions, ask once, apply them"),
    Binding("enter", "compare", "compare", id="look.compare", key_display="⏎", tooltip="Every field and image"),
    Binding("c", "clear", "clear", id="decide.clear", tooltip="Take the decision back"),
    Binding("x", "stop", "stop", id="apply.stop", tooltip="Stop applying after the model in hand"),
    Binding("u", "undo", "undo", id="apply.undo", tooltip="Take the newest promotion or import back"),
    Binding("U", "history", "history", id="apply.history", show=False, tooltip="What happened, newest first"),
    Binding("r,f5", "reload", "reload", id="look.reload", show=False, tooltip="Read the queue again"),
    Binding(
        "H", "pause_hashing", "pause hashing", id="look.hashing", show=False, tooltip="Pause hashing, or go on with it"
    ),
    Binding("i", "import_old", "import", id="import.open", show=False, tooltip="Bring an old database in"),
    Binding("space", "mark('one')", "mark", id="mark.one", key_display="space", tooltip="Mark it and move on"),
    Binding(
        "asterisk", "mark('all')", "mark all", id="mark.all", key_display="*", show=False, tooltip="Mark all shown"
    ),
    Binding(
        "I", "mark('inverted')", "invert marks", id="mark.invert", show=False, tooltip="Invert the marks of all shown"
    ),
    Binding(
        "V", "mark('range')", "range", id="mark.range", show=False, tooltip="Begin a range at the cursor, or end it"
    ),
    Binding(
        "n",
        "undecided(1)",
        "next to decide",
        id="move.undecided",
        show=False,
        tooltip="The next row without a decision",
    ),
    Binding(
        "N",
        "undecided(-1)",
        "to decide before",
        id="move.undecided_before",
        show=False,
        tooltip="The row before without a decision",
    ),
    # Before anything else: the words that follow fast must not decide anything in the list.
    Binding("slash", "filter", "filter", id="look.filter", priority=True, tooltip="Show only what holds words"),
    Binding("h,left", "image(-1)", "image", id="look.image_before", key_display="h l", tooltip="The image before"),
    Binding("l,right", "image(1)", "next image", id="look.image_next", show=False, tooltip="The next sample image"),
    Binding("v", "view", "view", id="look.view", show=False, tooltip="Its images as large as can be"),
    Binding("D", "same", "same file", id="look.same", show=False, tooltip="Show only what is the same file"),
    Binding("tab", "peek", "other plan", id="look.peek", show=False, tooltip="What the next strategy would do"),
    Binding("L", "log", "log", id="look.log", tooltip="What came of each promotion"),
    Binding(
        "escape",
        "escape",
        "clear",
        id="look.escape",
        show=False,
        tooltip="Drop the range; clear the filter, then the marks",
    ),
]
