"""What the commands in script/ do: prepare the environment, start the parts, stop them, run tests and checks."""
