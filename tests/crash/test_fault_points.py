"""A process that dies at a named fault point: the library is in the old or new state, and the work can be finished."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.torture.fault_points import NAMES

# How many points lie between two that are tried: all of them are in ``make torture``.
_EVERY = {
    "promote override": 4,
    "promote insert": 8,
    "promote merge": 8,
    "undo override": 5,
    "stage 1": 14,
    "undo stage 1": 12,
    "scan": 16,
    "scan again": 16,
    "undo scan": 12,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_process_that_dies_leaves_the_state_before_or_after(name: str, tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", "from tests.torture.fault_points import main; main()", name, str(tmp_path)]
    found = subprocess.run(
        [*arguments, str(_EVERY.get(name, 5))], cwd=ROOT, capture_output=True, check=False, text=True, timeout=120
    )
    assert found.returncode == 0, found.stdout + found.stderr
    figures = re.match(
        rf"{name}: (\d+) points, (\d+) before, (\d+) after(?:, (\d+) between)?.*, 0 bad \((.*)\)", found.stdout
    )
    assert figures is not None, found.stdout
    tried, before, after = (int(number) for number in figures.groups()[:3])
    assert tried > 8 and before > 0 and after > 0, "the points do not lie on both sides of the commit"
    assert tried == before + after + int(figures[4] or 0)
