"""Scans of the scene: how they come in, and what is read from their nodes."""
