"""VK ID, the sign-in of VK: docs/contracts/vk.md §2.4."""
