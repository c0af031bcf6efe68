"""Several arrays in one file that is read by mapping it: an Arrow file of one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    Arrays = dict[str, npt.NDArray[np.generic]]

__all__ = ["map_arrays", "write_arrays"]


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write one-dimensional arrays under their names."""
    schema = pa.schema(
        [
            pa.field(name, pa.large_binary(), metadata={"dtype": array.dtype.str})
            for name, array in arrays.items()
        ]
    )
    columns = [
        pa.Array.from_buffers(
            pa.large_binary(),
            1,
            [None, pa.py_buffer(np.array([0, array.nbytes], np.int64)), pa.py_buffer(array)],
        )
        for array in map(np.ascontiguousarray, arrays.values())
    ]
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def map_arrays(path: Path) -> Arrays:
    """The arrays of a file, read from the disk only where they are touched."""
    batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
    return {
        field.name: np.frombuffer(column[0].as_buffer(), (field.metadata or {})[b"dtype"].decode())
        for field, column in zip(batch.schema, batch.columns, strict=True)
    }
