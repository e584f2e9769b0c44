"""What keeps the portal from starting."""


class Problem(Exception):
    """The message is one line for the person who started it, saying what to do."""
