"""Exceptions that Python's own classes do not name."""


class AxisError(ValueError, IndexError):
    """An axis that does not exist, or is given twice."""


class Decline(Exception):
    """Raised by an implementation that does not serve a call, with the reason: the next one is asked."""
