"""What answers model calls.

`simulated.Simulated` needs no model at all. `scripted` holds backends that do what they are told, for tests,
examples and measurements. Anything else subclasses `base.Backend` and is registered under `mas2.backends`.
"""
