"""Type checkers understand generated modules: right uses pass, wrong ones do not."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
USES = TESTS / "typing" / "uses"
MODULES = TESTS / "golden" / "modules"

_EXPECTED = re.compile(r"#! (\S+) (\S+)$")
_MYPY = re.compile(r"^uses/(\w+\.py):(\d+): error: .*\[([\w-]+)\]$", re.MULTILINE)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the uses, and the modules of the golden cases in `cases`."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(USES, folder / "uses")
    for case in MODULES.iterdir():
        shutil.copytree(case / "expected", folder / "cases" / case.name)
    for file in (folder / "cases").rglob("*.py"):
        name = file.relative_to(folder / "cases").parts[0]
        file.write_text(file.read_text().replace("expected.", f"cases.{name}."))
    (folder / "cases" / "__init__.py").touch()
    (folder / "pyrightconfig.json").write_text(
        json.dumps(
            {
                "typeCheckingMode": "strict",
                "pythonVersion": "3.11",
                # The wrong uses compute what nobody needs.
                "reportUnusedExpression": False,
                "reportUnknownMemberType": False,
            }
        )
    )
    return folder


def test_mypy_accepts_and_refuses_what_it_should(project: Path) -> None:
    said = _run(
        project,
        "mypy",
        "--strict",
        "--config-file=",
        f"--cache-dir={TESTS.parent / '.mypy_cache'}",
        "uses",
    )

    errors = _MYPY.findall(said)
    assert len(errors) == said.count(" error: ")
    found = {(file, int(line), code) for file, line, code in errors}
    assert found == {(file, line, mypy) for file, line, mypy, _ in _expected()}


def test_pyright_accepts_and_refuses_what_it_should(project: Path) -> None:
    said = _run(
        project, "pyright", "--outputjson", f"--pythonpath={sys.executable}", "uses"
    )

    found = {
        (
            Path(each["file"]).name,
            each["range"]["start"]["line"] + 1,
            each.get("rule"),
        )
        for each in json.loads(said)["generalDiagnostics"]
    }
    assert found == {(file, line, pyright) for file, line, _, pyright in _expected()}


def _expected() -> set[tuple[str, int, str, str]]:
    return {
        (file.name, number, match[1], match[2])
        for file in USES.glob("*.py")
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if (match := _EXPECTED.search(line))
    }


def _run(folder: Path, program: str, *arguments: str) -> str:
    return subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
