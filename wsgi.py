"""Entry of the web server and of the `flask` command."""

import os
import sys

from app import create_app
from config import SettingsError

# Whatever the process makes is its owner's alone: database, secrets, photos.
os.umask(0o077)
try:
    app = create_app()
except SettingsError as error:
    sys.exit(f"evosync: {error}")
