"""Shells round the services: one user's run, one pass over everybody whose time has come."""
