"""What answers model calls."""
