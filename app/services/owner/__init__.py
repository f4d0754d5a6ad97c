"""What the owner decides: the switch, the rules, the settings of the window, orders."""
