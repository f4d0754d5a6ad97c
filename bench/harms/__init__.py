"""What may happen to the servers that runs stand on, and what has to be so when it is over."""
