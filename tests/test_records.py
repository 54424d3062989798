import gzip
import hashlib
import io
import json
import os
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from mas2_env.errors import DataError
from mas2_env.records import read_loose, read_records


class Row(Struct, frozen=True):
    name: str
    count: int = 0


def write(folder: Path, content: bytes, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_reads_json_lines_with_their_line_numbers(tmp_path: Path) -> None:
    content = b'{"name": "a", "count": 1}\r\n\n{"name": "b \xe2\x80\xa8", "unknown": []}\n'
    records = read_records(write(tmp_path, content), Row)
    assert records.rows == (Row("a", 1), Row("b \u2028"))
    assert records.lines == (1, 3)
    assert records.digest == hashlib.sha256(content).hexdigest()


def test_gzip_is_known_by_its_content_and_the_digest_is_of_the_stored_bytes(tmp_path: Path) -> None:
    stored = gzip.compress(b'{"name": "a"}\n') + gzip.compress(b'{"name": "b"}')
    records = read_records(write(tmp_path, stored, "no-suffix"), Row)
    assert [row.name for row in records.rows] == ["a", "b"]
    assert records.digest == hashlib.sha256(stored).hexdigest()


def test_reads_a_json_list_and_a_byte_order_mark(tmp_path: Path) -> None:
    records = read_records(write(tmp_path, b'\xef\xbb\xbf [\n{"name": "a"}, {"name": "b"}]'), Row)
    assert (records.unit, records.lines) == ("entry", (1, 2))


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path, b'{"name": "a"}')
    assert read_records(path, Row) is read_records(path, Row)
    write(tmp_path, b'{"name": "changed"}')
    assert read_records(path, Row).rows[0].name == "changed"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no record"),
        (b'{"name": "a"}\n{"name": 3}\n', r"line 2: Expected `str`, got `int` - at `\$.name`"),
        (
            b'{"name": "a"}\n{"nmae": "b"}\n',
            "line 2: Object missing required field `name`; did you mean",
        ),
        (b'{"name": "a"}\n{"name": "b"\n', "line 2: not a JSON object"),
        (b'{"name": "a"}\n"b"\n', "line 2: Expected `object`, got `str`"),
        (b'{"name": "a"}\n{"name": "caf\xe9"}\n', "line 2: not UTF-8"),
        ('{"name": "a"}'.encode("utf-16"), "line 1: is UTF-16"),
        (b'[{"name": "a"}, {"name": null}]', "entry 2: Expected `str`, got `null`"),
        (b'[\n{"name": "a"},\n{"name": "\xe9"}]', "line 3: not UTF-8"),
        (b'[{"name": "a"}', "not a JSON list"),
        (b"\n \n\t\n", "holds no record"),
        (b'{"name": "a"}\n{"name": "b", "count": NaN}\n', "line 2: not a JSON object"),
        (b'{"name": "a"}\n{"name": "b", "count": Infinity}\n', "line 2: not a JSON object"),
        (b'[{"name": "a", "count": NaN}]', "not a JSON list"),
        (b'{"name": "a"}\n{"name": "caf\xc3\xa9"}\n{"name": "caf\xe9"}\n', "line 3: not UTF-8"),
        (b'\n\n[{"name": "a"},\n{"name": "\xc3"}]', "line 4: not UTF-8"),
        (b'[{"name": "a"}, {"name": "\xc3', "line 1: not UTF-8"),
        (b'{"name": "a"}\n{"name": "\\ud800"}\n', "line 2: not a JSON object"),
        (
            b'{"name": "a"}\n{"name": "b", "x": ' + b"[" * 100_000,
            "line 2: not a record: it is nested",
        ),
        (b"[" * 100_000, "not a list of records: it is nested too deeply"),
        (b"\x00" * 100, "line 1: not a JSON object"),
        (b"PK\x03\x04" + b"\x00" * 100, "line 1: not"),
    ],
)
def test_bad_data_is_one_error_with_file_and_place(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=message) as error:
        read_records(path, Row)
    assert str(path) in str(error.value)


def test_truncated_and_damaged_gzip(tmp_path: Path) -> None:
    stored = gzip.compress(b"".join(b'{"name": "%d"}\n' % (i * i * 7919) for i in range(2000)))
    for content in (stored[: len(stored) // 2], stored[:-4], stored[:200] + b"????" + stored[204:]):
        with pytest.raises(DataError, match=r"line \d+: the gzip data is truncated or damaged"):
            read_records(write(tmp_path, content, f"{len(content)}.gz"), Row)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    write(tmp_path, b"", "items.jsonl")
    with pytest.raises(DataError, match=r"did you mean 'items\.jsonl'"):
        read_records(tmp_path / "itms.jsonl", Row)
    with pytest.raises(DataError, match="there is no folder"):
        read_records(tmp_path / "nowhere" / "items.jsonl", Row)
    with pytest.raises(DataError, match="is a folder"):
        read_records(tmp_path, Row)
    with pytest.raises(DataError, match="/dev/null: is no regular file"):
        read_records("/dev/null", Row)
    with pytest.raises(DataError, match="no file can have this name: embedded null"):
        read_records("rows\0.jsonl", Row)


def test_duplicates_name_both_lines(tmp_path: Path) -> None:
    records = read_records(write(tmp_path, b'{"name": "a"}\n{"name": "b"}\n{"name": "a"}\n'), Row)
    with pytest.raises(DataError, match=r"line 3: name 'a' is already that of line 1"):
        records.unique(lambda row: row.name, "name")


def limited(path: Path) -> tuple[str, float]:
    """The message of reading a file, and the most memory that it held, in MiB."""
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as error:
            read_records(path, Row)
        return str(error.value), tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def test_a_line_of_a_gigabyte_is_refused_before_it_is_held(tmp_path: Path) -> None:
    path = write(tmp_path, b'{"name": "a"}\n{"name": "')
    with path.open("r+b") as file:
        file.truncate(1 << 30)
    message, held = limited(path)
    assert message.startswith(f"{path}: line 2: is longer than 64 MiB")
    assert held < 3 * 64


@pytest.mark.parametrize("filler", [b" ", b"\n", b"a"], ids=["blanks", "lines", "letters"])
def test_a_gzip_bomb_is_refused_before_it_is_held(tmp_path: Path, filler: bytes) -> None:
    stored = io.BytesIO()
    with gzip.GzipFile(fileobj=stored, mode="wb", compresslevel=1) as file:
        file.write(b'{"name": "a"}\n')
        for _ in range(72):
            file.write(filler * 2**20)
    message, held = limited(write(tmp_path, stored.getvalue(), "bomb.gz"))
    assert "is longer than 64 MiB" in message or "unzips to more than 200 times its size" in message
    assert held < 3 * 64


def test_a_zipped_list_is_bounded_too(tmp_path: Path) -> None:
    entry = b'{"name": "' + b"a" * 1000 + b'"},'
    stored = gzip.compress(b"[" + entry * 80_000 + b"{}]", 9)
    message, held = limited(write(tmp_path, stored, "bomb.gz"))
    assert "unzips to more than 200 times its size" in message
    assert held < 3 * 64


def test_reading_holds_little_more_than_the_records(tmp_path: Path) -> None:
    lines = b"".join(b'{"name": "%d %s"}\n' % (n, b"x" * 1000) for n in range(20_000))
    for content in (lines, b"[" + lines.strip().replace(b"\n", b",\n") + b"]"):
        path = write(tmp_path, content)
        tracemalloc.start()
        records = read_records(path, Row)
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(records.rows) == 20_000
        assert held < 3 * len(content)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=20), st.integers(1, 9), st.booleans())
def test_records_do_not_depend_on_where_chunks_end(names: list[str], size: int, zipped: bool) -> None:
    content = "".join(json.dumps({"name": name}, ensure_ascii=False) + "\r\n" for name in names).encode()
    listed = json.dumps([{"name": name} for name in names], ensure_ascii=False).encode()
    for text in (content, b"\xef\xbb\xbf\n" + content, listed):
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr("mas2_env.records.CHUNK", size)
            records = read_records(write(Path(folder), gzip.compress(text) if zipped else text), Row)
        assert [row.name for row in records.rows] == names


def test_a_file_that_need_not_be_records_is_read_as_what_it_is(tmp_path: Path) -> None:
    lines = read_loose(write(tmp_path, b'{"a": 1}\n{"b": 2}\n'))
    assert (lines.rows, lines.lines) == (({"a": 1}, {"b": 2}), (1, 2))
    whole = write(tmp_path, gzip.compress(b'\xef\xbb\xbf{\n  "a": 1\n}\n'))
    assert read_loose(whole).rows == ({"a": 1},)
    text = read_loose(write(tmp_path, b"0 one\r\n\n1 two"))
    assert (text.rows, text.lines) == (("0 one", "1 two"), (1, 3))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{\n "a": 1,\n "b": oops\n}\n', "line 3: not a JSON object"),
        (b'{\n "a": 1,\n', "line 2: not a JSON object: Input data was truncated"),
        (b'{"a": 1}\n{"b": \n', "line 2: not a JSON object"),
        (b"[1, 2", "not a JSON list"),
        (b"", "holds no record"),
        (b"text \xff", "line 1: not UTF-8"),
        (b"some text\nand caf\xe9\n", r"line 2: not UTF-8 \(invalid"),
        (b'{"a": "caf\xe9"}\n', r"line 1: not UTF-8 \(invalid"),
        (b'{"a": 1,\n "b": "caf\xe9"}\n', r"line 2: not UTF-8 \(invalid"),
        ("some text".encode("utf-16"), "line 1: is UTF-16"),
        (gzip.compress(b"some text\n" * 999, mtime=0)[:-20], "the gzip data is truncated"),
        (b'{"a": ' * 5000, "nested too deeply"),
    ],
)
def test_a_file_that_begins_as_json_and_is_none_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_loose(write(tmp_path, content))


def test_a_text_of_any_length_is_refused_before_it_is_held(tmp_path: Path) -> None:
    path = write(tmp_path, b"some text\n")
    with path.open("r+b") as file:
        file.truncate(1 << 30)
    with pytest.raises(DataError, match="line 1: not a JSON object"):
        read_loose(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(DataError, match="pipe: is no regular file"):
        read_loose(path)
