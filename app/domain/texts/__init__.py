"""What people write, made fit for VK, and found again."""
