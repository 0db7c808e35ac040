"""Where Node.js and the packages of the TimescaleDB to test with come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datalayer.errors import NodeNotFound, NodeTooOld, PackagesNotInstalled
from datalayer.server.timescaledb import packages as npm


def fake_program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_missing_node_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(NodeNotFound, match="no `node` with `npm`"):
        npm.find_node()


def test_old_node_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_program(tmp_path, "node", "echo v16.20.2")
    fake_program(tmp_path, "npm", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(NodeTooOld, match=r"16\.20\.2; 18 is the oldest"):
        npm.find_node()


def test_failed_installation_shows_what_npm_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    fake_program(tmp_path, "npm", "echo registry unreachable; exit 1")
    node = npm.Node("node", (str(tmp_path / "npm"),), "20.0.0")

    with pytest.raises(PackagesNotInstalled, match="registry unreachable"):
        npm.installed_packages(node)


def test_packages_are_installed_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    fake_program(tmp_path, "npm", f"echo called >> {tmp_path}/calls")
    node = npm.Node("node", (str(tmp_path / "npm"),), "20.0.0")

    folders = {npm.installed_packages(node) for _ in range(3)}

    assert len(folders) == 1
    assert (tmp_path / "calls").read_text() == "called\n"


def test_lock_pins_what_is_asked_for() -> None:
    wanted = json.loads((npm.SOURCES / "package.json").read_text())["dependencies"]
    lock = json.loads((npm.SOURCES / "package-lock.json").read_text())["packages"]

    for name, version in wanted.items():
        assert lock[f"node_modules/{name}"]["version"] == version
        assert lock[f"node_modules/{name}"]["integrity"]
