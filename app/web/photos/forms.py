"""The one field of a photo's form."""

from flask_wtf.file import FileField

from app.services.photos import making
from app.web.forms import BaseForm

LARGEST_REQUEST = 20 * 1024 * 1024
"""A file that is somewhat too large is read all the same, so that its owner sees the page that says so."""


class PhotoForm(BaseForm):
    photo = FileField("Файл с фото")

    def content(self) -> bytes:
        """At most a byte more than allowed, which is enough to refuse it. Empty where no file was chosen."""
        return self.photo.data.stream.read(making.LARGEST_FILE + 1) if self.photo.data else b""
