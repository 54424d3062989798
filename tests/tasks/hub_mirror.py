"""Folders in the hub's layout, and rows to put into them."""

import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from mas2_tasks.hub import HubSet

Rows = dict[str, list[dict[str, Any]]]


def mirror(folder: Path, data: HubSet, rows: Rows, form: str = "parquet") -> str:
    """A folder in the hub's layout: data files, and a card that says which split they are of."""
    home = folder / "mirror"
    (home / data.config).mkdir(parents=True)
    card = ["---", "configs:", f"- config_name: {data.config}", "  data_files:"]
    for split, records in rows.items():
        path = home / data.config / f"{split}-00000-of-00001.{form}"
        if form == "parquet":
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), path)
        else:
            path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        card += [f"  - split: {split}", f"    path: {data.config}/{split}-*"]
    (home / "README.md").write_text("\n".join([*card, "---", "# A mirror", ""]), encoding="utf-8")
    return str(home)


def questions(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {"question": f"How many are {number} apples?", "answer": f"So many.\n#### {number}"}
        for number in range(start, start + count)
    ]


GSM8K_ROWS: Rows = {"train": questions(40), "test": questions(12, 100)}
