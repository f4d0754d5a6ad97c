"""What the benches of speed stand on: a large shop, servers side by side, a light load, figures as ratios."""
