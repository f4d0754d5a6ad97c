"""The two vendors as our services ask them: clients made from the settings, whose turn it is, what an error means."""
