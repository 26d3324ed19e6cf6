"""The Python front door: :class:`Accord` puts store, secrets, plugins, connections and flows together."""

from accord.api.accord import Accord
from accord.api.views import AccountCheck, FlowStatus, Status, StreamStatus

__all__ = ["Accord", "AccountCheck", "FlowStatus", "Status", "StreamStatus"]
