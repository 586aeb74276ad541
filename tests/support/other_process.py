"""Run another Python process on a library: to its end, or stopped while a test goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.cli import environment
from tests.support.paths import ROOT

PATIENCE = 60  # seconds until a process counts as hanging; far more than a busy machine needs


def script(code: str, *arguments: object) -> str:
    """Run Python code and return what it printed. Fails if it hangs or ends with an error."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def stopped(code: str, *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run Python code that stops itself (SIGSTOP), yield the stopped process, and kill it afterwards."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, env=environment()) as process:
        try:
            _, status = os.waitpid(process.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status), "it ended without stopping"
            yield process
        finally:
            process.kill()


HOLDS_THE_LIBRARY = """
import fcntl, os, signal, sys
descriptor = os.open(sys.argv[1] + "/alive.lock", os.O_RDWR | os.O_CREAT)
fcntl.flock(descriptor, fcntl.LOCK_EX)
os.kill(os.getpid(), signal.SIGSTOP)
"""

HOLDS_THE_DATABASE = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1] + "/library.db", isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
os.kill(os.getpid(), signal.SIGSTOP)
"""
