"""Many owners at once, served by many workers."""
