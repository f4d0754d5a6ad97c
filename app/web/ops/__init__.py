"""For load balancers and operators."""
