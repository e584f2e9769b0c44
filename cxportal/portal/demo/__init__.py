"""The demo agency: a builder with two clients, a real plan, and a conversation that goes on.

Made through the same actions as everything else, with times in the past, so that a fresh installation looks
like one that people have worked in for weeks.
"""
