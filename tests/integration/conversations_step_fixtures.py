"""Databases at each step of the conversations domain, empty and filled."""

from __future__ import annotations

from pathlib import Path

import pytest

from conversations_ladder import Ladder
from conversations_steps import MIGRATIONS
from datalayer.server import Server


@pytest.fixture(scope="session")
def conversations_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of migrations with nothing but this component."""
    folder = tmp_path_factory.mktemp("conversations")
    (folder / "conversations").symlink_to(MIGRATIONS)
    return folder


@pytest.fixture(scope="session")
def ladder(server: Server, conversations_folder: Path) -> Ladder:
    """The templates of the shared server."""
    return Ladder(server, conversations_folder)
