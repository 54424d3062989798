"""Evaluating policies: rollouts, run folders, statistics, reports."""
