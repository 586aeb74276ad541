"""What an import brings in, seen from a process of its own: core knows no screen, and `import core` stays light."""

from __future__ import annotations

import ast
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import core

ROOT = Path(__file__).parent.parent
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
    assert {"core.processor", "core.store.rows", "core.verify.flow", "core.sources.legacy_db"} <= set(modules)
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
    found = imported("import core; core.Strategy.MERGE; core.records.Model; from core import Strategy")
    assert "core" in found
    assert not found & (SCREENS | HEAVY)


def test_the_merge_rules_alone_stay_light() -> None:
    found = imported("from core.merger import merge_meta_json, merge_model_fields; import core.plan, core.display")
    assert not found & (SCREENS | HEAVY)


def test_the_library_is_had_from_core() -> None:
    assert "sqlite_utils" in imported("from core import Library; Library.open")


def test_every_file_is_a_module_that_was_walked() -> None:
    folder = ROOT / "core"
    names = {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in folder.rglob("*.py")}
    assert {name.removesuffix(".__init__") for name in names} == set(every_module())
