"""The section that compares the maps with others."""
