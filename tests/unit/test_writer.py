"""A folder holds exactly the generated modules, beside what nobody generated."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datalayer.codegen.rendering.preamble import MARK
from datalayer.codegen.rendering.writer import stale_modules, write_modules
from datalayer.errors import OutputOccupied

HEADER = f"# {MARK} from queries/a.sql.\n"
MODULES = {"__init__.py": HEADER, "shop/item.py": f"{HEADER}A = 1\n"}


def contents(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): file.read_text()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_modules_are_written_and_reported(tmp_path: Path) -> None:
    report = write_modules(tmp_path / "new", MODULES)

    assert contents(tmp_path / "new") == MODULES
    assert report.written == ("__init__.py", "shop/item.py")
    assert report.removed == ()


def test_what_is_up_to_date_is_not_touched(tmp_path: Path) -> None:
    write_modules(tmp_path, MODULES)
    file = tmp_path / "shop" / "item.py"
    os.utime(file, (1, 1))

    report = write_modules(tmp_path, {**MODULES, "__init__.py": f"{HEADER}#\n"})

    assert report.written == ("__init__.py",)
    assert file.stat().st_mtime == 1


def test_a_module_without_a_source_is_removed_with_its_folder(tmp_path: Path) -> None:
    write_modules(tmp_path, MODULES)
    (tmp_path / "shop" / "__pycache__").mkdir()
    (tmp_path / "shop" / "__pycache__" / "item.cpython-311.pyc").touch()

    report = write_modules(tmp_path, {"__init__.py": HEADER})

    assert report.removed == ("shop/item.py",)
    assert not (tmp_path / "shop").exists()


def test_what_nobody_generated_stays(tmp_path: Path) -> None:
    write_modules(tmp_path, MODULES)
    (tmp_path / "shop" / "types.py").write_text("X = 1\n")

    write_modules(tmp_path, {"__init__.py": HEADER})

    assert contents(tmp_path / "shop") == {"types.py": "X = 1\n"}


def test_a_file_in_the_way_is_reported_and_nothing_written(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "item.py").write_text("by hand\n")

    with pytest.raises(OutputOccupied, match=r"shop/item\.py was not generated"):
        write_modules(tmp_path, MODULES)

    assert contents(tmp_path) == {"shop/item.py": "by hand\n"}


def test_an_empty_file_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()

    report = write_modules(tmp_path, MODULES)

    assert "__init__.py" in report.written


def test_a_failure_leaves_no_temporary_files(tmp_path: Path) -> None:
    (tmp_path / "zoo").write_text("a file where a folder goes")

    with pytest.raises(OSError, match="zoo"):
        write_modules(tmp_path, {**MODULES, "zoo/item.py": HEADER})

    assert set(contents(tmp_path)) == {"zoo"}


def test_the_rights_of_a_file_are_kept(tmp_path: Path) -> None:
    write_modules(tmp_path, MODULES)
    (tmp_path / "__init__.py").chmod(0o640)

    write_modules(tmp_path, {**MODULES, "__init__.py": f"{HEADER}#\n"})

    assert (tmp_path / "__init__.py").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "shop" / "item.py").stat().st_mode & 0o600 == 0o600


def test_nothing_is_stale_after_writing(tmp_path: Path) -> None:
    write_modules(tmp_path, MODULES)

    report = stale_modules(tmp_path, MODULES)

    assert report.paths == report.missing == report.superfluous == ()
    assert report.diff == ""


def test_differences_are_shown_as_a_patch(tmp_path: Path) -> None:
    write_modules(tmp_path, {**MODULES, "old.py": HEADER})
    (tmp_path / "shop" / "item.py").write_text(f"{HEADER}A = 2")
    (tmp_path / "__init__.py").unlink()

    report = stale_modules(tmp_path, MODULES)

    assert report.paths == ("__init__.py", "old.py", "shop/item.py")
    assert report.missing == ("__init__.py",)
    assert report.superfluous == ("old.py",)
    assert "--- /dev/null\n+++ b/__init__.py\n" in report.diff
    assert "--- a/old.py\n+++ /dev/null\n" in report.diff
    assert "-A = 2\n\\ No newline at end of file\n+A = 1\n" in report.diff


def test_an_edited_module_is_stale_though_it_lost_its_header(tmp_path: Path) -> None:
    write_modules(tmp_path, MODULES)
    (tmp_path / "shop" / "item.py").write_text("A = 1\n")

    assert stale_modules(tmp_path, MODULES).paths == ("shop/item.py",)
