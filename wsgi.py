"""Entry of the web server and of the `flask` command."""

import sys

from app import create_app
from config import SettingsError

try:
    app = create_app()
except SettingsError as error:
    sys.exit(f"evosync: {error}")
