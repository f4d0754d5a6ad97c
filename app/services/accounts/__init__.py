"""Users: how they sign in, on which devices, and what happened to their accounts."""
