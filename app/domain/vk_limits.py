"""How much VK takes: docs/contracts/vk.md §4.2, §9 and §10."""

NAME_MIN, NAME_MAX = 4, 100
DESCRIPTION_MIN, DESCRIPTION_MAX = 10, 4000
STOCK_MAX, STOCK_UNLIMITED = 999_999, -1
ALBUM_TITLE_MAX = 128

ITEMS_MAX = 15_000
"""In a community, the hidden ones counted."""
ALBUMS_MAX = 100
"""In a community."""
ITEMS_IN_ALBUM_MAX = 1000
