"""What people fill in about conversations, one module per screen."""
