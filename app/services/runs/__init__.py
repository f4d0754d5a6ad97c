"""Runs are rows: requested, claimed by one worker, kept alive by a lease, finished once."""
