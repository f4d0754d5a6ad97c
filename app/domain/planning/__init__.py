"""From the owner's rules to the ordered changes, and the brakes on them."""
