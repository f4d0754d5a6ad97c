"""VK Market and everything we know of its API."""
