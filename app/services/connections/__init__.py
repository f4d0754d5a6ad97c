"""Connecting Evotor and VK: checked with a live call before anything is stored."""
