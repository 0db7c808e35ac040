"""The modules of the golden cases, to the letter, and what tools say about them.

`tests/golden/regenerate.py` rewrites what is expected.
"""

from __future__ import annotations

import compileall
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from regenerate import PACKAGE, cases, render

from datalayer.codegen.rendering.preamble import MARK
from datalayer.codegen.rendering.writer import stale_modules, write_modules
from datalayer.server import Server

ROOT = Path(__file__).resolve().parents[2]
CASES = cases("modules")
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@every_case
def test_modules_are_what_is_expected(case: Path, server: Server) -> None:
    modules = render(case, server.url())

    assert stale_modules(case / "expected", modules).diff == ""
    assert sorted(modules) == _generated(case / "expected")


def test_a_second_run_changes_nothing(tmp_path: Path, server: Server) -> None:
    case = CASES[-1]

    first = write_modules(tmp_path, render(case, server.url()))
    second = write_modules(tmp_path, render(case, server.url()))

    assert first.written != ()
    assert second.written == second.removed == ()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of somebody with the modules of each case as a package of its own."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "cases").mkdir()
    (folder / "cases" / "__init__.py").write_text('"""All cases."""\n')
    for case in CASES:
        copied = folder / "cases" / case.name
        shutil.copytree(case / "expected", copied)
        for file in copied.rglob("*.py"):
            # The package is called like its case here.
            text = file.read_text().replace(f"{PACKAGE}.", f"cases.{case.name}.")
            file.write_text(text)
    (folder / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "strict", "pythonVersion": "3.11"})
    )
    return folder


def test_ruff_would_change_nothing(tmp_path: Path) -> None:
    for case in CASES:
        shutil.copytree(case / "expected", tmp_path / case.name / PACKAGE)
    (tmp_path / "pyproject.toml").write_text(
        "[tool.ruff]\n"
        f'extend = "{ROOT / "pyproject.toml"}"\n'
        'extend-exclude = []\nsrc = ["*"]\n'
    )

    assert _run(tmp_path, "ruff", "check", "--no-cache", "--quiet") == ""
    assert _run(tmp_path, "ruff", "format", "--diff", "--no-cache", "--quiet") == ""


def test_mypy_finds_nothing(project: Path) -> None:
    said = _run(
        project,
        "mypy",
        "--strict",
        "--config-file=",
        f"--cache-dir={ROOT / '.mypy_cache'}",
        "cases",
    )

    assert said.startswith("Success: no issues found in ")


def test_pyright_finds_nothing(project: Path) -> None:
    said = _run(project, "pyright", f"--pythonpath={sys.executable}", "cases")

    assert said == "0 errors, 0 warnings, 0 informations\n"


def test_modules_compile_and_can_be_imported(project: Path) -> None:
    assert compileall.compile_dir(project / "cases", quiet=1, force=True)
    names = sorted(
        ".".join(file.relative_to(project).with_suffix("").parts)
        for file in (project / "cases").rglob("*.py")
    )
    said = _run(project, "python", "-W", "error", "-c", f"import {', '.join(names)}")

    assert said == ""


def _generated(folder: Path) -> list[str]:
    return sorted(
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*.py")
        if MARK in file.read_text().partition("\n")[0]
    )


def _run(folder: Path, program: str, *arguments: str) -> str:
    finished = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.stdout + finished.stderr
