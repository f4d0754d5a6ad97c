"""Property tests run the same examples every time, on slow machines, too, and leave no files behind."""

from hypothesis import settings

settings.register_profile("evosync", deadline=None, derandomize=True, database=None)
settings.load_profile("evosync")
