"""The pages of the synchronisation."""
