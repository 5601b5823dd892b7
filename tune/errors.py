"""Errors that a person is meant to read."""


class UserError(ValueError):
    """What the user asked for cannot be done; one line that names what, where and the remedy."""


class StorageFailure(UserError):
    """What was computed cannot be kept, as on a full disk; no configuration is to blame."""


class TrialFailure(RuntimeError):
    """This configuration cannot be trained; the message is the reason in the record."""
