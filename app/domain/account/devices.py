"""What a browser says of itself, in two words."""

BROWSERS = {
    "YaBrowser/": "Яндекс Браузер",
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
UNKNOWN = "Неизвестное устройство"


def device_of(user_agent: str) -> str:
    """«Chrome, Windows». The first sign counts: most browsers claim to be others as well."""
    known = (next((name for sign, name in kind.items() if sign in user_agent), None) for kind in (BROWSERS, SYSTEMS))
    return ", ".join(name for name in known if name) or UNKNOWN
