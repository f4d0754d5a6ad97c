"""Debian's nginx with the site of deploy/, on a free port, before a product."""

import re
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SITE = Path(__file__).resolve().parents[2] / "deploy" / "nginx" / "evosync.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
FRAME = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


class Nginx:
    """`upstream`: host and port of the product."""

    def __init__(self, folder: Path, upstream: str) -> None:
        assert NGINX is not None, "install the package nginx-light"
        plain, secure = _free_ports(2)
        site = re.sub(r"listen 80;", f"listen 127.0.0.1:{plain};", SITE.read_text())
        site = re.sub(r"listen 443 ", f"listen 127.0.0.1:{secure} ", site)
        site = site.replace("/etc/ssl/evosync", str(folder)).replace("127.0.0.1:8000", upstream)
        site = site.replace("evosync.example.ru", "localhost")
        (folder / "site.conf").write_text(site)
        (folder / "nginx.conf").write_text(FRAME.format(folder=folder))
        _make_certificate(folder)
        self.port, self.url, self.plain_url = secure, f"https://localhost:{secure}", f"http://localhost:{plain}"
        self._process = subprocess.Popen([NGINX, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"])
        _wait_for(secure)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(listener.getsockname()[1]) for listener in held]
    for listener in held:
        listener.close()
    return ports


def _wait_for(port: int) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("nginx did not start")


def _make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
