"""Tools that roles call: programs in their own process, search, exact arithmetic."""
