"""What operators do: keys, pruning."""
