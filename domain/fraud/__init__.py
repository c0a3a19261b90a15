"""Fraud: the checks an action passes and the verdict it gets."""
