"""What makes a value of the environment a setting: `config.py` asks, and nobody else."""
