"""Several arrays in one file that is read by mapping it: an Arrow file of one row."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    import numpy.typing as npt

    Arrays = dict[str, npt.NDArray[np.generic]]

__all__ = ["map_arrays", "write_arrays"]


def write_arrays(file: Path | IO[bytes], arrays: Arrays) -> None:
    """Write one-dimensional arrays under their names, into a file that is then closed."""
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
    sink = pa.OSFile(str(file), "wb") if isinstance(file, Path) else pa.PythonFile(file, "w")
    with sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def map_arrays(path: Path) -> Arrays:
    """The arrays of a file, read from the disk only where they are touched."""
    batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
    batch.validate()  # that no array ends beyond the file
    return {
        field.name: _array(column, (field.metadata or {})[b"dtype"].decode())
        for field, column in zip(batch.schema, batch.columns, strict=True)
    }


def _array(column: pa.LargeBinaryArray, dtype: str) -> npt.NDArray[np.generic]:
    # Not `column[0].as_buffer()`: that copies.
    _, offsets, data = column.buffers()
    begin, end = np.frombuffer(offsets, np.int64, 2)
    return np.frombuffer(b"" if data is None else data, np.uint8)[begin:end].view(dtype)
