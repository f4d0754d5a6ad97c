"""Evotor's cloud, read only."""
