"""Tissue at risk in the scene: found, judged by a person, shown, kept."""
