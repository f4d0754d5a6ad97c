"""Evotor asked for the goods of stores: whole or by what changed, several at a time."""
