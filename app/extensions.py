"""Flask extensions, created unbound."""

from pathlib import Path

from flask_login import LoginManager
from flask_migrate import Migrate

from app.csrf import MaskedCSRFProtect

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

migrate = Migrate(directory=str(MIGRATIONS), compare_type=True)
login_manager = LoginManager()
csrf = MaskedCSRFProtect()
