"""Policies that build, assign and mend multi-agent systems."""
