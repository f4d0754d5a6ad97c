"""The changes of a plan at VK: one by one, each with its entry."""
