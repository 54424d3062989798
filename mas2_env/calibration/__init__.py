"""Holding the simulated agents against measured ones: figures, protocols, estimators, fit and check."""
