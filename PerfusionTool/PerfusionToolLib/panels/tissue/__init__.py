"""The section of tissue at risk."""
