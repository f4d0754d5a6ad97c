"""Our records of the community's market: links, albums, foreign items, what was changed there by hand."""
