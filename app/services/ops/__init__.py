"""What operators do and see: keys, pruning, accounts of others, figures."""
