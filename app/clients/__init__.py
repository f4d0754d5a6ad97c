"""HTTP clients of Evotor and VK: no Flask, no database, no network activity before the first call."""
