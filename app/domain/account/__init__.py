"""What an owner's account is told of: keys, devices, addresses, time zones."""
