"""A system being run, without I/O."""
