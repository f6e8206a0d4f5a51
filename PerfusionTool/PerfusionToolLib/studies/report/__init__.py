"""The report of a study: one HTML file with every step of it, for a person to judge and to print."""

from .verdicts import verdicts
from .writing import write_report_steps

__all__ = ["verdicts", "write_report_steps"]
