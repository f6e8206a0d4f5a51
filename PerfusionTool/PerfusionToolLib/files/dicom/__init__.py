"""DICOM: a folder of images in, parametric maps and segmentations out."""
