"""Mail to owners: what there is to tell, whom it may be told, and how it gets to the mail server."""
