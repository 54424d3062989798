"""Benchmarks: items from files and generators, queries, tools and official scorers."""
