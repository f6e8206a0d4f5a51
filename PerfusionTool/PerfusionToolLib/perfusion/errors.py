"""The one exception that a person may cause."""


class PerfusionError(ValueError):
    """An input that cannot be analysed; the message says what is wrong, the value found, and what to do."""
