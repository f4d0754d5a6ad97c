"""The owner's pictures of products and groups, and the cards drawn where there is none."""
