"""Draw SVGs as pixels with Chromium."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

DIGEST = "svg-sha256"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def installed() -> str | None:
    """Return the path of Chromium, or None if it is not installed."""
    return next((found for name in _BROWSERS if (found := shutil.which(name))), None)


def digest(*svgs: str) -> str:
    """Return the digest that a picture drawn from these SVGs carries."""
    return hashlib.sha256("".join(svgs).encode()).hexdigest()


def draw(browser: str, svg: Path) -> None:
    """Draw an SVG as a PNG beside it that carries its digest."""
    info = PngInfo()
    info.add_text(DIGEST, digest(svg.read_text()))
    pixels(browser, svg.read_text()).save(svg.with_suffix(".png"), pnginfo=info, optimize=True)


def pixels(browser: str, svg: str) -> Image.Image:
    """Return an SVG as Chromium draws it."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert found is not None
    width, height = (round(float(number)) for number in found.groups())
    with tempfile.TemporaryDirectory() as scratch:
        page, drawn = Path(scratch) / "page.svg", Path(scratch) / "drawn.png"
        page.write_text(svg)
        quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
        where = [f"--user-data-dir={scratch}/profile", f"--screenshot={drawn}", f"--window-size={width},{height}"]
        command = [browser, "--headless", "--hide-scrollbars", *quiet, *where, page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603 - our own picture
        with Image.open(drawn, formats=["PNG"]) as picture:
            return picture.convert("RGB")
