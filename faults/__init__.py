"""Fault injection: breaks a separate stack under load and checks that no action is lost."""
