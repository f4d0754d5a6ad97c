"""Pure rules of the product. Standard library only: no clock, no I/O, no framework."""
