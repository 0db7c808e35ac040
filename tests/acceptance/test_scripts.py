"""The commands of a checkout: what they run, and how they fail."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import checks
import derive
from checks import Check

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(
    path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix
)

#: Stands for `.venv/bin/python`: notes what it is asked to do, and fails when told to.
_RECORDER = """\
#!/bin/sh
[ "$1" = -c ] && exec {python} "$@"
echo "$@" >>"{record}"
case "$*" in *"$FAIL_ON"*) [ -z "$FAIL_ON" ] || exit 1 ;; esac
"""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copy of the scripts in a folder of its own."""

    folder: Path

    @property
    def record(self) -> Path:
        return self.folder / "record"

    def run(
        self, script: str, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / script, *arguments],
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def install_python(self, text: str) -> None:
        """Put a program where the environment's Python is, and call it up to date."""
        python = self.folder / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text(text)
        python.chmod(0o755)
        stamp = f"{self.folder}\n{(self.folder / 'pyproject.toml').read_text()}"
        (self.folder / ".venv" / ".installed").write_text(stamp)

    def install_recorder(self) -> None:
        self.install_python(_RECORDER.format(python=sys.executable, record=self.record))

    def recorded(self) -> list[str]:
        return self.record.read_text().splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    folder = tmp_path.resolve() / "a checkout"
    for name in ("scripts", ".ci"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "pyproject.toml").write_text("[project]\nname = 'nothing'\n")
    return Checkout(folder)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_is_executable_and_valid(script: Path) -> None:
    result = subprocess.run(
        ["bash", "-n", script], capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stderr) == (0, "")
    assert os.access(script, os.X_OK)


# install


def test_install_has_nothing_to_do_twice(checkout: Checkout) -> None:
    checkout.install_recorder()

    result = checkout.run("scripts/install")

    assert result.returncode == 0
    assert result.stderr == "nothing to do: .venv is up to date\n"
    assert not checkout.record.exists()


def test_quiet_install_says_nothing_when_there_is_nothing_to_do(
    checkout: Checkout,
) -> None:
    checkout.install_recorder()

    result = checkout.run("scripts/install", "--quiet")

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_install_tells_that_there_is_no_python(checkout: Checkout) -> None:
    programs = checkout.folder / "programs"
    programs.mkdir()
    for name in ("bash", "cat", "cmp", "dirname"):
        (programs / name).symlink_to(shutil.which(name) or name)

    result = checkout.run("scripts/install", PATH=str(programs), PYTHON="")

    assert result.returncode == 1
    assert "no Python 3.11 or newer found on PATH" in result.stderr
    assert "help: install one" in result.stderr


def test_install_refuses_a_python_that_is_too_old(checkout: Checkout) -> None:
    old = checkout.folder / "old python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    result = checkout.run("scripts/install", PYTHON=str(old))

    assert result.returncode == 1
    assert f"`{old}`, named by PYTHON, is not Python 3.11 or newer" in result.stderr


def test_install_tells_that_python_has_no_venv(checkout: Checkout) -> None:
    bare = checkout.folder / "bare"
    bare.write_text('#!/bin/sh\ncase "$2" in *venv*) exit 1 ;; esac\n')
    bare.chmod(0o755)

    result = checkout.run("scripts/install", PYTHON=str(bare))

    assert result.returncode == 1
    assert "cannot create virtual environments" in result.stderr
    assert "help: on Debian and Ubuntu: apt install python3-venv" in result.stderr


def test_install_tells_that_the_checkout_cannot_be_written(checkout: Checkout) -> None:
    (checkout.folder / ".datalayer").write_text("a file, where a folder goes")

    result = checkout.run("scripts/install", PYTHON=sys.executable)

    assert result.returncode == 1
    assert f"cannot write to {checkout.folder}/.datalayer" in result.stderr
    assert "help: work in a clone of your own" in result.stderr


def test_failed_install_shows_the_end_of_the_log_and_is_repeated(
    checkout: Checkout,
) -> None:
    environment = {"PYTHON": sys.executable, "PIP_NO_INDEX": "1"}

    first = checkout.run("scripts/install", **environment)
    second = checkout.run("scripts/install", **environment)

    assert [first.returncode, second.returncode] == [1, 1]
    assert "creating .venv with Python" in first.stderr
    assert "pip failed; the end of its output:" in first.stderr
    assert "help: pip needs the package index" in first.stderr
    assert "creating .venv" not in second.stderr
    assert (checkout.folder / ".datalayer" / "install.log").read_text()


def test_broken_environment_is_created_again(checkout: Checkout) -> None:
    checkout.install_python("no program")

    result = checkout.run("scripts/install", PYTHON=sys.executable, PIP_NO_INDEX="1")

    assert "creating .venv with Python" in result.stderr


def test_changed_requirements_are_installed(checkout: Checkout) -> None:
    checkout.install_recorder()
    with (checkout.folder / "pyproject.toml").open("a") as file:
        file.write("# changed\n")

    result = checkout.run("scripts/install", PYTHON=sys.executable)

    assert result.returncode == 0
    assert "installing datalayer" in result.stderr
    assert checkout.recorded()[-1].startswith("-m pip install")
    assert checkout.run("scripts/install").stderr.startswith("nothing to do")


def test_second_installation_waits_for_the_first(checkout: Checkout) -> None:
    checkout.install_recorder()
    stamp = checkout.folder / ".venv" / ".installed"
    finished = stamp.read_text()
    stamp.unlink()
    (checkout.folder / ".datalayer").mkdir()
    with (checkout.folder / ".datalayer" / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen(
            [checkout.folder / "scripts" / "install"],
            env=os.environ | {"PYTHON": sys.executable},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stderr is not None
        waiting = second.stderr.readline()
        stamp.write_text(finished)

    _, rest = second.communicate()

    assert waiting == "waiting for another installation …\n"
    assert (second.returncode, rest) == (0, "")
    assert not checkout.record.exists()


# test, demo, bench, chaos, .ci/run


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "-m pytest -n auto --maxprocesses 8"),
        (
            ("tests/unit", "-k", "x"),
            "-m pytest -n auto --maxprocesses 8 tests/unit -k x",
        ),
        (("--pdb",), "-m pytest --pdb"),
        (("-p", "no:xdist"), "-m pytest -p no:xdist"),
    ],
    ids=["all", "part", "debugger", "serial"],
)
def test_test_hands_its_arguments_to_pytest(
    checkout: Checkout, arguments: tuple[str, ...], expected: str
) -> None:
    checkout.install_recorder()

    result = checkout.run("scripts/test", *arguments)

    assert result.returncode == 0
    assert checkout.recorded() == [expected]


@pytest.mark.parametrize(
    ("script", "module"),
    [
        ("bench", "benchmarks"),
        ("chaos", "fault_injection"),
        ("demo", "demonstration"),
    ],
)
def test_script_keeps_the_working_folder(
    checkout: Checkout, script: str, module: str
) -> None:
    checkout.install_recorder()

    checkout.run(f"scripts/{script}", "--repo", ".")

    assert checkout.recorded() == [f"-P -m {module} --repo ."]


@pytest.mark.parametrize("failing", ["checks.py", "pytest", ""])
def test_ci_runs_the_tests_even_when_the_checks_fail(
    checkout: Checkout, failing: str
) -> None:
    checkout.install_recorder()

    result = checkout.run(".ci/run", FAIL_ON=failing, CI="true")

    assert result.returncode == (1 if failing else 0)
    assert [line.split(" -n ")[0] for line in checkout.recorded()] == [
        "scripts/checks.py",
        "-m pytest",
    ]


# check


@pytest.fixture
def small_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    replacement = (
        Check("good", ("compileall", "-q", "scripts/checks.py")),
        Check("bad", ("no_such_module",), remedy="give up"),
        Check("worse", ("json.tool", "README.md"), needs_server=True),
    )
    monkeypatch.setattr(checks, "CHECKS", replacement)


@pytest.mark.usefixtures("small_checks")
def test_all_failures_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    status = checks.main([])

    output = capsys.readouterr().out
    assert status == 1
    assert "No module named no_such_module" in output
    assert "help: give up" in output
    assert "Expecting value" in output
    assert [line.split()[:2] for line in output.splitlines()[-4:-1]] == [
        ["good", "passed"],
        ["bad", "failed"],
        ["worse", "failed"],
    ]


@pytest.mark.usefixtures("small_checks")
def test_fast_leaves_out_what_needs_a_server(
    capsys: pytest.CaptureFixture[str],
) -> None:
    checks.main(["--fast"])

    assert "worse" not in capsys.readouterr().out


@pytest.mark.usefixtures("small_checks")
def test_named_checks_run_alone(capsys: pytest.CaptureFixture[str]) -> None:
    status = checks.main(["good"])

    assert status == 0
    assert "all passed" in capsys.readouterr().out


@pytest.mark.usefixtures("small_checks")
def test_unknown_check_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        checks.main(["nonsense"])

    assert caught.value.code == 2
    assert "nonsense" in capsys.readouterr().err


# regen


def test_steps_of_regen_exist_and_come_in_the_order_of_their_sources() -> None:
    programs = [command[0] for _, command in derive.STEPS]

    assert programs == [
        "scripts/async_to_sync.py",
        "-m",
        "tests/golden/regenerate.py",
        "scripts/types_page.py",
    ]
    assert [p for p in programs if p != "-m" and not (ROOT / p).is_file()] == []


def test_regen_stops_at_the_first_step_that_fails(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    steps = (("first", ("-c", "raise SystemExit(3)")), ("second", ("-c", "")))
    monkeypatch.setattr(derive, "STEPS", steps)

    status = derive.main()

    assert status == 3
    assert capfd.readouterr().err == "first …\n"
