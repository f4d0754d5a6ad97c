"""Every kind of change at VK: how it is made, what is recorded before and after, what a refusal means."""
