"""Is the installation well? Facts are gathered (facts, redis), judged (checks), and shown by /readyz and the admin."""
