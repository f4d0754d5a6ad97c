"""What a run at work holds: its time, its lease, its records, what it learnt of VK."""
