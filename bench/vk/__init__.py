"""What it costs to keep a market: the same work by several ways, each as a process of its own."""
