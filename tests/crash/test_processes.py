"""Several processes on one library: short versions of what ``make torture`` does for minutes."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.support.paths import ROOT


def test_three_processes_promote_and_undo_while_one_is_killed() -> None:
    """Twenty rounds, and four meetings at the moments that matter."""
    arguments = [sys.executable, "-m", "tests.torture", "processes", "--quick"]
    found = subprocess.run(arguments, cwd=ROOT, capture_output=True, check=False, text=True, timeout=300)
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.count(": 0 bad") == 4, "the four meetings"
    figures = re.search(r"20 rounds of 3 processes, (\d+) killed at work, (\d+) promotions", found.stdout)
    assert figures is not None, found.stdout
    assert int(figures[2]) >= 20, "hardly anything was promoted"
