"""Exceptions that Python's own classes do not name."""


class AxisError(ValueError, IndexError):
    """An axis that does not exist, or is given twice."""
