"""What guards the site before a view is asked: hosts, bodies, seats, limits, headers, static files."""
