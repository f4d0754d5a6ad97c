"""Flask extensions, created unbound."""

from pathlib import Path

from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf import CSRFProtect

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

migrate = Migrate(directory=str(MIGRATIONS), compare_type=True)
login_manager = LoginManager()
csrf = CSRFProtect()
