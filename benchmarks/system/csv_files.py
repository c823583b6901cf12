"""CSV files that a spreadsheet can open: no name or reason in them is taken for a formula."""

from pathlib import Path

import pandas as pd

from benchmarks.system.files import write_atomically
from datasets.safe_text import csv_field


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame without its index, atomically."""
    with write_atomically(path) as file:
        safe_frame(frame).to_csv(file, index=False)


def safe_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with `csv_field` of every text in it, numbers untouched."""
    safe = frame.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            # dtype given: pandas would make floats of the whole numbers beside a None
            safe[column] = pd.Series([csv_field(value) for value in safe[column]], safe.index, dtype=object)
    return safe.rename(columns=csv_field)
