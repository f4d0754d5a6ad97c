"""Our copy of the register's goods: read, kept, loaded, judged by the rules."""
