"""VKScript as far as public clients use it for batches, and the method that runs it (docs/contracts/vk.md §1.6)."""
