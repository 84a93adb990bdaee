"""Loads one instance and watches what Nightjar does about it."""
