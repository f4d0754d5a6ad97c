"""All behaviour. Services flush or make short transactions of their own; they know nothing of HTTP requests."""
