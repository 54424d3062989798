"""Scoring files of predictions: the scorer of a task, the forms of files, agreement with other verdicts."""
