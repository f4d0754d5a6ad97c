"""Who is served next: by lanes, each user by one worker."""
