"""Two syncs of one exchange at the same moment: one goes on, the other is told so."""

from __future__ import annotations

import subprocess
import sys

import pytest

from leeward.errors import WriterBusy
from leeward.store.tables import Tables, open_tables, sync_lock
from tests.server._running import wait_until

HOLD = """
import sys, time
from leeward.store.tables import open_tables, sync_lock
with open_tables(sys.argv[1]) as tables, sync_lock(tables, "harbour", "pilots"):
    print("held", flush=True)
    time.sleep(600)
"""


def free(tables: Tables) -> bool:
    try:
        with sync_lock(tables, "harbour", "pilots"):
            return True
    except WriterBusy:
        return False


def test_one_sync_of_an_exchange_at_a_time(tables: Tables) -> None:
    with open_tables(tables.url) as other, sync_lock(tables, "harbour", "pilots"):
        with pytest.raises(WriterBusy) as caught, sync_lock(other, "harbour", "pilots"):
            pass
        assert caught.value.where == "pilots"
        assert "another sync" in caught.value.message
        with sync_lock(other, "harbour", "ferries"), sync_lock(other, "garden", "pilots"):
            pass
        with other.begin():
            pass  # who writes is not kept waiting
    assert free(tables)


def test_the_lock_of_a_sync_that_was_killed_ends_by_itself(tables: Tables) -> None:
    address = tables.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", HOLD, address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert not free(tables)
        holder.kill()
        holder.wait()
    wait_until(lambda: free(tables))


def test_a_sync_that_fails_gives_the_lock_back(tables: Tables) -> None:
    with pytest.raises(RuntimeError), sync_lock(tables, "harbour", "pilots"):
        raise RuntimeError
    assert free(tables)
