"""What keeps the dashboard from being served."""

from __future__ import annotations

from datalayer.errors import DataLayerError


class DashboardExtraMissing(DataLayerError):
    """The dashboard is not installed; `pip install 'datalayer[tools,dashboard]'`."""


class DashboardTablesMissing(DataLayerError):
    """The database lacks what the pages show; run `datalayer migrate up automation`."""


class DashboardRightsMissing(DataLayerError):
    """The role is unknown or may not read what the pages show; grant it SELECT."""


class DashboardAddressInUse(DataLayerError):
    """The address cannot be listened on; choose another `--port` or `--host`."""
