"""Make ``demo.webp`` beside this file, a short animation of the app: part of ``make screenshots``.

Runs the app once on the sample library and draws the screen after each step as a frame, which needs Chromium. The
picture carries the digest of the SVGs that its frames were drawn from.
"""

from __future__ import annotations

import asyncio
import sys

from PIL import Image

from screenshots.app_driver import on_stage, picture, play
from screenshots.make import HERE
from screenshots.rasterize import digest, installed, pixels
from screenshots.scenarios import DEMO, DEMO_SIZE, DEMO_STOPS_AFTER

PICTURE = HERE / "demo.webp"
_WIDTH = 1100


async def frames() -> list[str]:
    """Return the SVGs of the frames."""
    svgs = []
    async with on_stage(DEMO_SIZE, DEMO_STOPS_AFTER) as (pilot, go_on):
        for frame in DEMO:
            if frame.goes_on:
                go_on.set()
            await play(pilot, frame.step)
            svgs.append(picture(pilot, "demo"))
    return svgs


def main() -> None:
    """Make the picture."""
    browser = installed()
    if browser is None:
        sys.exit("no demo.webp: Chromium is not installed")
    svgs = asyncio.run(frames())
    first, *others = [_narrowed(pixels(browser, svg)) for svg in svgs]
    first.save(
        PICTURE,
        save_all=True,
        append_images=others,
        duration=[frame.milliseconds for frame in DEMO],
        loop=0,
        quality=80,
        method=6,
        xmp=digest(*svgs).encode(),
    )
    print(f"{PICTURE.relative_to(HERE.parent)}: {len(svgs)} frames, {PICTURE.stat().st_size / 1e3:,.0f} kB")


def _narrowed(frame: Image.Image) -> Image.Image:
    return frame.resize((_WIDTH, round(frame.height * _WIDTH / frame.width)), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
