"""The community's market as VK shows it, beside what we would have there."""
