"""What the description says of each operation: its words and its examples."""
