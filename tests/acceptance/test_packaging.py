"""The wheel holds what an application needs, and works without any extra."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Installation:
    """A virtual environment with the wheel and its dependencies alone."""

    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "bin" / "python", *arguments],
            cwd=self.folder,
            env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Install the wheel beside copies of its dependencies: no package index needed."""
    folder = tmp_path_factory.mktemp("thin")
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    pip = (sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"))
    _run(*pip, "install", "--no-index", "--no-deps", str(wheel))
    site = next(folder.glob("lib/*/site-packages"))
    # psycopg's own choice of libpq; without it the system's library would be needed.
    for name in ("psycopg-binary", *sorted(_runtime_dependencies())):
        for path in _top_level_paths(name):
            (site / path.name).symlink_to(path)
    return Installation(folder)


def _build(source: Path, kind: str, folder: Path) -> Path:
    _run(
        sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder),
        cwd=source,
    )  # fmt: skip
    return next(folder.iterdir())


def _run(*command: str, cwd: Path | None = None) -> None:
    result = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def _runtime_dependencies(name: str = "datalayer") -> set[str]:
    """Return the distributions that one needs without extras, directly or not."""
    found = set()
    for requirement in importlib.metadata.requires(name) or []:
        dependency, _, marker = requirement.partition(";")
        if "extra" in marker or "sys_platform ==" in marker:
            continue
        bare = re.split(r"[^A-Za-z0-9._-]", dependency.strip())[0]
        found |= {bare} | _runtime_dependencies(bare)
    return found


def _top_level_paths(name: str) -> set[Path]:
    distribution = importlib.metadata.distribution(name)
    tops = {PurePosixPath(str(file)).parts[0] for file in distribution.files or []}
    return {
        Path(str(distribution.locate_file(top)))
        for top in tops
        if top not in ("..", "__pycache__")
    }


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def _sql_files(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.sql")
    }


@pytest.mark.parametrize("folder", ["migrations", "queries"])
def test_wheel_carries_the_sql(wheel: Path, folder: str) -> None:
    shipped = {
        name.removeprefix("datalayer/sql/")
        for name in _names(wheel)
        if name.startswith(f"datalayer/sql/{folder}/")
    }

    assert shipped
    assert shipped == _sql_files(folder)


def test_wheel_is_marked_as_typed(wheel: Path) -> None:
    assert "datalayer/py.typed" in _names(wheel)


@pytest.mark.parametrize("folder", ["static", "templates"])
def test_wheel_carries_the_dashboard(wheel: Path, folder: str) -> None:
    files = (ROOT / "src" / "datalayer" / "dashboard" / folder).iterdir()
    expected = {path.relative_to(ROOT / "src").as_posix() for path in files}

    assert expected
    assert expected <= _names(wheel)


def test_wheel_carries_the_generated_modules(wheel: Path) -> None:
    modules = (ROOT / "src" / "datalayer" / "queries").rglob("*.py")
    expected = {path.relative_to(ROOT / "src").as_posix() for path in modules}

    assert expected
    assert expected <= _names(wheel)


def test_wheel_holds_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in _names(wheel)}

    assert {re.sub(r"-\d+(\.\d+)*", "", top) for top in tops} == {
        "datalayer",
        "datalayer.dist-info",
    }
    assert not {name for name in _names(wheel) if "__pycache__" in name}


def test_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "sdist").mkdir()
    archive = _build(ROOT, "sdist", tmp_path / "sdist")
    (tmp_path / "source").mkdir()
    # As a program: its arguments are the same in every Python, and no `tar` is needed.
    source = tmp_path / "source"
    _run(sys.executable, "-m", "tarfile", "-e", str(archive), str(source), cwd=source)
    (tmp_path / "wheel").mkdir()

    rebuilt = _build(next((tmp_path / "source").iterdir()), "wheel", tmp_path / "wheel")

    assert _names(rebuilt) == _names(wheel)


def test_thin_installation_has_two_dependencies(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith("/METADATA"))
        lines = archive.read(name).decode().splitlines()
    required = [line.split()[1] for line in lines if line.startswith("Requires-Dist:")]
    thin = [
        line.split()[1]
        for line in lines
        if line.startswith("Requires-Dist:") and "extra ==" not in line
    ]

    assert {re.split("[>=<]", name)[0] for name in thin} == {"psycopg", "psycopg-pool"}
    assert len(required) > len(thin)


def test_thin_installation_holds_what_it_should(installation: Installation) -> None:
    result = installation.run(
        "-c",
        "import importlib.metadata as m\n"
        "print(*sorted(d.name.lower().replace('_', '-') for d in m.distributions()))",
    )

    assert result.stdout.split() == [
        "datalayer",
        "psycopg",
        "psycopg-binary",
        "psycopg-pool",
        "typing-extensions",
    ]


def test_thin_installation_imports_the_run_time(installation: Installation) -> None:
    result = installation.run(
        "-W", "error", "-c",
        "import datalayer, datalayer.aio, datalayer.migrate, datalayer.runtime\n"
        "import datalayer.queries.artifacts, datalayer.queries.aio.artifacts\n"
        "from datalayer.config import bundled_folder\n"
        "print(*(bundled_folder(n).is_dir() for n in ('migrations', 'queries')))\n"
        "print(bundled_folder('queries').parent.name)",
    )  # fmt: skip

    assert result.stderr == ""
    assert result.stdout.split() == ["True", "True", "sql"]


def test_thin_installation_says_what_the_command_line_needs(
    installation: Installation,
) -> None:
    result = installation.run("-m", "datalayer")

    assert result.returncode == 2
    assert "help: pip install 'datalayer[tools]'" in result.stderr
