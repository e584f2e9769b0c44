"""Pages of the administration that gather several apps: what a person sees and gets, and why."""
