"""Whole studies: a scan file in, a folder of maps, settings and a picture out."""
