"""Seeded generators of items, without end."""
