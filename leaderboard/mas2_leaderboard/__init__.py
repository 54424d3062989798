"""Submissions to the leaderboard: checking them, comparing them, showing them."""
