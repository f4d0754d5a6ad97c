"""The pictures that owners give their products and groups.

The pages of the catalog hold this room's form, so its views are imported where the blueprint is registered, not here.
"""

from flask import Blueprint

blueprint = Blueprint("photos", __name__)
