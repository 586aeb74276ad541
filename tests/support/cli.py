"""Run the command line in tests: in this process where that is enough, otherwise in a separate process."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from tests.support.paths import ROOT
from tui.cli import main


@dataclass(frozen=True)
class Ran:
    """The result of a command line."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """The one JSON object on standard output; fails if there is anything else."""
        assert self.out.isascii()
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    def failed(self, code: int) -> str:
        """Check that it exited with that code and one plain line on standard error, and return that line."""
        assert self.code == code, self
        assert self.err.count("\n") == 1 and self.err.endswith("\n"), self.err
        assert "Traceback" not in self.err and self.err[:-1].isprintable()
        return self.err[:-1]


def run(*args: object, library: Path | None = None) -> Ran:
    """Run a command line in this process."""
    before = [] if library is None else ["--library", str(library)]
    result = CliRunner(env={"MODEL_CURATOR_LIBRARY": None}).invoke(main, [*before, *map(str, args)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def program(*args: object, env: Mapping[str, str] | None = None, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run ``python -m tui`` in a separate process, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "tui", *map(str, args)],
        cwd=ROOT,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=60,
        **({"capture_output": True} | more),
    )


def interrupted(*args: object, at: str) -> Ran:
    """Run ``python -m tui`` with a terminal as standard error, and send SIGINT once ``at`` is shown there."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tui", *map(str, args)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        while at.encode() not in shown:
            shown += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        out = process.stdout.read().decode()
    shown += os.read(ours, 65536)
    os.close(ours)
    return Ran(process.returncode, out, shown.decode())


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment for a program under test that keeps it away from the user's own library."""
    return {
        **os.environ,
        "XDG_DATA_HOME": "/nonexistent",
        "XDG_CONFIG_HOME": "/nonexistent",
        "MODEL_CURATOR_LIBRARY": "",
        **(more or {}),
    }
