"""What is refused before a database is open."""

from __future__ import annotations

import pytest

from datalayer.errors import ServerTooOld
from datalayer.opening import check_server_version


def test_server_before_15_is_too_old() -> None:
    with pytest.raises(ServerTooOld, match="PostgreSQL 14, 15 or newer"):
        check_server_version(140022)


@pytest.mark.parametrize("version", [150000, 180006], ids=["oldest", "newest"])
def test_server_from_15_on_is_fine(version: int) -> None:
    check_server_version(version)
