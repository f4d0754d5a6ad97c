"""Entry of the web server and of the `flask` command."""

from app import create_app
from config import load_or_exit

app = create_app(load_or_exit())
