"""What rules and fitness say of each product: stored with it, and counted."""
