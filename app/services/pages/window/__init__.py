"""The pages of the shop window's settings."""
