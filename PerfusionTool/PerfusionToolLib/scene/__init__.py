"""The scene: sequences, volumes, segmentations, tables and plots of 3D Slicer  <->  series, maps, masks and curves."""
