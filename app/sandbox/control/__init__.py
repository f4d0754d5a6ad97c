"""Switches for tests and demos."""
