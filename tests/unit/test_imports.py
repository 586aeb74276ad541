"""What an import loads, seen from a separate process: core knows no screen, and ``import core`` stays light."""

from __future__ import annotations

import ast
import json
import pkgutil
import subprocess
import sys

import core
from tests.support.paths import ROOT

SCREENS = {"textual", "rich", "click", "tui", "textual_image"}
HEAVY = {"sqlite_utils", "sqlite3", "PIL", "numpy", "concurrent"}


def imported(statements: str) -> set[str]:
    """Return the top-level modules that are loaded after the statements and were not before."""
    script = f"""
import sys, json
before = set(sys.modules)
{statements}
print(json.dumps(sorted({{name.partition(".")[0] for name in set(sys.modules) - before}})))
"""
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    names: list[str] = json.loads(found.stdout)
    return set(names)


def every_module() -> list[str]:
    return ["core", *(module.name for module in pkgutil.walk_packages(core.__path__, "core."))]


def test_no_module_of_core_brings_a_screen_in() -> None:
    modules = every_module()
    assert {
        "core.promotion.processor",
        "core.storage.queue_rows",
        "core.verify.flow",
        "core.importing.legacy.database",
    } <= set(modules)
    found = imported("\n".join(f"import {module}" for module in modules))
    assert "sqlite_utils" in found, "the modules were not imported at all"
    theirs = imported("import sqlite_utils")  # which brings click along, by itself
    assert found & SCREENS <= theirs & {"click"}


def test_no_file_of_core_names_a_screen() -> None:
    for file in (ROOT / "core").rglob("*.py"):
        named = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                named |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file}: a relative import"
                named.add((node.module or "").partition(".")[0])
        assert not named & SCREENS, file


def test_import_core_stays_light() -> None:
    found = imported("import core, core.domain.records; core.Strategy.MERGE; from core import Strategy")
    assert "core" in found
    assert not found & (SCREENS | HEAVY)


def test_the_merge_rules_alone_stay_light() -> None:
    found = imported(
        "from core.merger import merge_meta_json, merge_model_fields; import core.planning.plan, core.text"
    )
    assert not found & (SCREENS | HEAVY)


def test_the_library_is_had_from_core() -> None:
    assert "sqlite_utils" in imported("from core import Library; Library.open")


def test_every_file_is_a_module_that_was_walked() -> None:
    folder = ROOT / "core"
    names = {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in folder.rglob("*.py")}
    assert {name.removesuffix(".__init__") for name in names} == set(every_module())


def imports() -> dict[str, set[str]]:
    """Return which of our modules each of our modules names in an import, wherever the import stands."""
    files = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for package in ("core", "tui", "tests", "screenshots")
        for file in (ROOT / package).rglob("*.py")
    }
    found: dict[str, set[str]] = {}
    for module, file in files.items():
        named: set[str] = set()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                full = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
                named |= {name if name in files else node.module for name in full.values()}
        found[module] = named & files.keys() - {module}
    return found


def test_no_imports_go_in_a_circle() -> None:
    """Imports in functions and for types count too. What is left after taking leaves out repeatedly is a circle."""
    left = imports()
    assert {"core.library", "tui.app", "tests.unit.test_imports"} <= left.keys()
    while leaves := {module for module, named in left.items() if not named & left.keys()}:
        left = {module: named for module, named in left.items() if module not in leaves}
    assert not left


def test_what_tests_share_imports_no_tests() -> None:
    for module, named in imports().items():
        if module.startswith("tests.support."):
            assert all(not one.startswith("tests.") or one.startswith("tests.support") for one in named), module
