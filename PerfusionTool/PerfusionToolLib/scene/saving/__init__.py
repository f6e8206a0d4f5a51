"""What a study writes to files: report, maps and masks, DICOM."""
