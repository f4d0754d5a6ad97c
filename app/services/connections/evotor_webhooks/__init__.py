"""What Evotor sends by itself: who is linked, their tokens, events, hints of changes. None of it asks a vendor."""
