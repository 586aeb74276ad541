"""Make the pictures in this folder from the running app: ``make screenshots``.

Each scene opens the app on the sample library, presses keys as a curator would, waits until its texts are on the
screen, and writes the screen as SVG. If Chromium is installed, each SVG is also drawn as PNG; a PNG carries the digest
of its SVG, so that a stale one can be detected.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from screenshots.app_driver import shoot
from screenshots.rasterize import draw, installed
from screenshots.scenarios import SCENES

HERE = Path(__file__).parent


def main(names: Sequence[str]) -> None:
    """Make the named pictures, or all."""
    browser = installed()
    for scene in SCENES:
        if names and scene.name not in names:
            continue
        path = HERE / f"{scene.name}.svg"
        path.write_text(asyncio.run(shoot(scene)))
        print(path.relative_to(HERE.parent))
        if browser:
            draw(browser, path)
            print(path.with_suffix(".png").relative_to(HERE.parent))
    if not browser:
        print("no PNGs: Chromium is not installed")


if __name__ == "__main__":
    main(sys.argv[1:])
