"""The section of AIF and VOF."""
