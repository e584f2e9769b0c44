"""A portal full of made-up work, to measure with: companies, boards, and any number of open conversations."""

from cxportal.portal.load.actions import Loaded, LoadRefused, seed_load

__all__ = ["LoadRefused", "Loaded", "seed_load"]
