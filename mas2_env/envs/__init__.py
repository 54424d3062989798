"""Gymnasium faces of the episode: texts for language models, arrays for other policies."""
