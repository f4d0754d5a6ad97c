"""How a wrong setting is told."""


class SettingsError(ValueError):
    """One line that names the setting and says what is wrong with it; never its value."""
