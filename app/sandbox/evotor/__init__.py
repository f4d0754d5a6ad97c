"""Evotor's cloud."""
