from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas2_env.task import Document
from mas2_env.tools import files as module
from mas2_env.tools.files import LIST_FILES, READ_FILE, call_list_files, call_read_file

FILES = (
    Document("report.txt", "one\ntwo\nthree\n"),
    Document("Data 2024.csv", "year,count\r\n2024,7\r\n"),
    Document("empty.log", ""),
)


def read(name: str, **arguments: Any) -> str:
    return call_read_file(FILES, {"name": name, **arguments})


def test_a_listing_gives_names_and_sizes() -> None:
    assert call_list_files(FILES, {}) == (
        "report.txt (3 lines, 14 characters)\n"
        "Data 2024.csv (2 lines, 20 characters)\n"
        "empty.log (0 lines, 0 characters)"
    )
    assert call_list_files(FILES, {"contains": "DATA"}) == "Data 2024.csv (2 lines, 20 characters)"
    assert call_list_files(FILES, {"contains": "x.py"}).startswith("no file has 'x.py' in its name")
    assert call_list_files((), {}).startswith("there are no files")
    assert call_list_files(FILES, {"contains": 3}).endswith("got 3")


def test_a_long_listing_says_how_many_are_left() -> None:
    many = [Document(f"part{number:03}.txt", "x") for number in range(250)]
    shown = call_list_files(many, {}).split("\n")
    assert len(shown) == module.MOST_FILES + 1
    assert shown[-1] == "... and 150 more; narrow the list with `contains`"
    assert len(call_list_files(many, {"contains": "part12"}).split("\n")) == 10


def test_reading_says_which_lines_follow_and_where_to_go_on() -> None:
    assert read("report.txt") == "[report.txt] lines 1 to 3 of 3\none\ntwo\nthree"
    assert read("report.txt", start_line=2, lines=1) == (
        "[report.txt] line 2 of 3; go on with start_line 3\ntwo"
    )
    assert read("data  2024.CSV") == "[Data 2024.csv] lines 1 to 2 of 2\nyear,count\n2024,7"
    assert read("empty.log") == "[empty.log] is empty"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "reprot.txt"}, "error: there is no file named 'reprot.txt'; did you mean 'report.txt'?"),
        ({"name": "data2024.csv"}, "did you mean 'Data 2024.csv'?"),
        ({"name": "/etc/passwd"}, "no file named '/etc/passwd'; list_files names those there are"),
        ({"name": "../report.txt/.."}, "error: there is no file named"),
        ({"name": "report.txt", "start_line": 4}, "'report.txt' has 3 lines, there is no line 4"),
        ({"name": "report.txt", "start_line": 10**400}, "there is no line of that number"),
        ({"name": "report.txt", "start_line": 0}, "start_line must be a whole number from 1, got 0"),
        ({"name": "report.txt", "lines": True}, "lines must be a whole number from 1, got bool"),
        ({"name": "report.txt", "lines": "2"}, "lines must be a whole number from 1, got a string"),
        ({"name": " "}, 'error: read_file expects {"name": string}, got an empty string'),
        ({"title": "report.txt"}, "got nothing"),
        ({"name": ["report.txt"]}, "got list"),
    ],
)
def test_refusals_are_answers_that_help(arguments: Mapping[str, Any], said: str) -> None:
    answer = call_read_file(FILES, arguments)
    assert answer.startswith("error: ")
    assert said in answer


def test_no_name_reaches_the_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("os.open", refuse)
    for name in ("/etc/hostname", "../pyproject.toml", "report.txt\0", "file:///etc/hostname"):
        assert call_read_file(FILES, {"name": name}).startswith("error: there is no file named")
    assert call_read_file((), {"name": "report.txt"}).endswith("there are no files")


def test_files_of_one_name_are_numbered() -> None:
    twins = (Document("a.txt", "first"), Document("A.txt", "second"), Document("a.txt (2)", "third"))
    assert call_list_files(twins, {}).count("\n") == 2
    texts = [call_read_file(twins, {"name": name}).split("\n")[1] for name in ("a.txt", "A.txt (2)")]
    assert texts == ["first", "second"]
    assert call_read_file(twins, {"name": "a.txt (2) (2)"}).endswith("third")


def test_a_reading_is_bounded_however_much_is_asked_for() -> None:
    long = (Document("long.txt", "word " * 100_000), Document("many.txt", "x\n" * 5_000))
    for name in ("long.txt", "many.txt"):
        answer = call_read_file(long, {"name": name, "lines": 10**9})
        assert len(answer) < module.MOST_CHARACTERS + module.MAX_NAME
        assert answer.count("\n") <= module.MOST_LINES


@given(st.text(alphabet=st.sampled_from("ab \n\r\t\u2028é"), max_size=300), st.integers(1, 40))
def test_reading_on_gives_the_whole_file(text: str, lines: int) -> None:
    """Whatever the text, following `go on with start_line` shows all of it, once."""
    width, module.WIDTH = module.WIDTH, 7
    try:
        module._lines.cache_clear()
        documents, start, shown = (Document("f", text),), 1, list[str]()
        while start:
            head, *body = call_read_file(documents, {"name": "f", "start_line": start, "lines": lines}).split(
                "\n"
            )
            shown += body
            start = int(head.rpartition("start_line ")[2]) if "start_line" in head else 0
    finally:
        module.WIDTH = width
        module._lines.cache_clear()
    assert all(len(line) <= 7 for line in shown)
    whole = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "")
    assert "".join(shown) == whole


def test_the_specs_are_closed_schemas() -> None:
    for spec in (LIST_FILES, READ_FILE):
        assert spec.parameters["additionalProperties"] is False
    assert READ_FILE.parameters["required"] == ["name"]
