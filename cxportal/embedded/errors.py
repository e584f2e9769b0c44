"""What goes wrong with the embedded servers, in words for the person who started them."""


class EmbeddedError(Exception):
    """The servers cannot run. The message is one line that says what to do."""
