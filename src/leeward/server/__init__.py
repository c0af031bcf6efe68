"""The HTTP door: events come in and are durable before they are acknowledged.

:func:`serve` runs it; :func:`create_app` gives the ASGI application to other servers. One
process serves one data folder, since it owns the folder's writer. What a request costs is
bounded before it is read: bytes in flight, events that wait, look-ups of keys; beyond a bound
the answer is 429 and not a longer queue.
"""

from leeward.server._app import create_app
from leeward.server._run import serve

__all__ = ["create_app", "serve"]
