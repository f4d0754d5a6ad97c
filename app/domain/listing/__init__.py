"""One item of the shop window: whether a product may stand there, and how."""
