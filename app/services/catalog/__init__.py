"""Our copy of the register's goods: read, kept, loaded, held against the rules."""
