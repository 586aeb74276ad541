"""What several test files share: an empty library, open."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import Library
from core.sample.pictures import landscape
from tests.support.disks import write_in_memory

# A shell that starts this in the background has it ignore Ctrl-C, and every program it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# What whoever runs the tests may have set for their own terminal or library must not decide what they see.
for _name in [*os.environ]:
    if _name in ("NO_COLOR", "FORCE_COLOR") or _name.startswith(
        ("TEXTUAL", "MODEL_CURATOR_LIBRARY", "MODEL_CURATOR_TRASH")
    ):
        del os.environ[_name]
os.environ["MODEL_CURATOR_CONFIG"] = "/nonexistent/config.toml"


# Nor must the tools that are installed for them, which the app looks for.
os.environ["HOME"] = tempfile.mkdtemp(prefix="curator-home-")
atexit.register(shutil.rmtree, os.environ["HOME"], ignore_errors=True)
write_in_memory()
# Nor must where they stood in a library, nor may the tests change it.
os.environ["MODEL_CURATOR_STATE"] = tempfile.mkdtemp(prefix="curator-state-")
atexit.register(shutil.rmtree, os.environ["MODEL_CURATOR_STATE"], ignore_errors=True)


_LONG = ("tests/crash/test_interrupts.py", "tests/crash/test_forks.py", "tests/crash/test_processes.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is alone with it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty library in a folder of its own, open for writing."""
    with Library.open(tmp_path / "library") as opened:
        yield opened


@pytest.fixture(autouse=True, scope="session")
def _drawn_once() -> Iterator[None]:
    """Have each picture of the sample drawn once a process: that is most of what building a sample takes."""
    with pytest.MonkeyPatch.context() as patch:
        drawn = functools.cache(landscape)
        patch.setattr("core.sample.library.landscape", drawn)
        patch.setattr("core.sample.models_folder.landscape", drawn)
        yield
