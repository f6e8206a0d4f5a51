"""The module shown, photographed and timed in the stand-in for Slicer: `python3 dev.py demo | window | benchmark`."""
