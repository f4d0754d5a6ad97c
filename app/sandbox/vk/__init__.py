"""VK: its API, upload server, VK ID and the community's shop."""
