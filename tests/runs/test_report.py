"""The HTML report: whole, self-contained, and with labels that can be read."""

import re
from html.parser import HTMLParser

import pytest

from mas2_env.runs.evaluate import evaluate
from mas2_env.runs.report_plot import _label_box, frontier, pareto_plot
from mas2_env.runs.statistics import summarise


class Reader(HTMLParser):
    """Collects what a browser would fetch, and checks that tags close."""

    void = frozenset({"meta", "br", "img", "line", "circle", "path", "rect"})

    def __init__(self):
        super().__init__()
        self.links, self.open, self.ids, self.images = [], [], [], []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.links += [given[name] for name in ("src", "href", "xlink:href") if name in given]
        self.ids += [given["id"]] if "id" in given else []
        self.images += [given] if tag == "img" else []
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def report(lab):
    result = evaluate(["lab:Solo", "lab:Wide"], ["lab:Sums"], items=12, backend="lab:Flaky", out="run")
    return result.write_report().read_text(encoding="utf-8")


def test_a_report_fetches_nothing(report):
    reader = Reader()
    reader.feed(report)
    assert reader.open == []
    assert all(link.startswith(("#", "data:")) for link in reader.links)
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)
    assert "@import" not in report
    assert "url(" not in report


def test_a_report_says_what_was_run(report):
    for fact in ("Solo", "Wide", "Sums", "CC0", "lab:Flaky", "episodes ended void", "arXiv 2411.00640"):
        assert fact in report


def test_seeds_are_counted_and_named(report):
    assert "<dd>1 <small>(0)</small></dd>" in report


def test_pictures_have_words(report):
    reader = Reader()
    reader.feed(report)
    assert len(reader.images) == 2
    assert all(image["alt"].startswith("1 role: solver on ") for image in reader.images)
    assert re.search(
        r'<svg class="plot wide"[^>]* role="img" aria-label="Success over cost on Sums: Solo: ', report
    )


def test_names_cannot_write_html(lab):
    from lab import Solo

    evil = "<script>alert(1)</script>"
    result = evaluate({evil: Solo()}, ["lab:Sums"], items=3, backend="lab:Flaky", out="run")
    text = result.write_report().read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def points(record, values):
    return [
        record(policy=f"policy-{n}", item=str(i), success=i < solved, cost=cost)
        for n, (solved, cost) in enumerate(values)
        for i in range(20)
    ]


def test_labels_do_not_overlap_even_in_a_crowd(record):
    records = points(record, [(10 + n % 2, 1000 + 10 * n) for n in range(8)])
    rows = summarise(records, resamples=50).rows
    for size in ((760, 400), (360, 340)):
        plot = pareto_plot(rows, {row.policy: 0 for row in rows}, *size)
        boxes = [
            _label_box((p.label_x, p.label_y, p.anchor, p.leader), 7.0 * len(p.policy)) for p in plot.points
        ]
        assert not any(a.overlap(b) for i, a in enumerate(boxes) for b in boxes[:i])
        assert all(b.x0 >= 0 and b.x1 <= plot.width and b.y0 >= 0 and b.y1 <= plot.height for b in boxes)


def test_the_frontier_is_what_nobody_beats(record):
    rows = summarise(points(record, [(5, 100), (10, 200), (8, 300), (15, 400), (15, 500)]), resamples=50).rows
    assert frontier(rows) == ["policy-0", "policy-1", "policy-3"]


def test_there_is_no_plot_where_nothing_was_measured(record):
    rows = summarise([record(item="0", kind="void", reward=None)], resamples=50).rows
    assert pareto_plot(rows, {"a": 0}, 760, 400) is None
