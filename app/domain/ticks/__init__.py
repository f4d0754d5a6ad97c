"""Ticks: what a press on "show this" or "don't show that" does to the rules."""
