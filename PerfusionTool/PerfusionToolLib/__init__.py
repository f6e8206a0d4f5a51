"""PerfusionTool: perfusion maps from 4D CT perfusion and DSC-MRI scans of the brain. Research use only."""

__version__ = "0.1.0"
