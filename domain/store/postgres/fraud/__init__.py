"""Fraud: policies and their head, baselines, and the signals that screening reads and writes."""
