"""What one page shows, where that is more than a query."""
