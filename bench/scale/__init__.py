"""What an action costs with ten thousand, a hundred thousand and a million players."""
