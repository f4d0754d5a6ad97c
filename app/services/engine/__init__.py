"""One run at work: pull, plan, brake, apply, record."""
