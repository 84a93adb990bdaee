"""A simulated fleet, and the story of what Nightjar does with it."""
