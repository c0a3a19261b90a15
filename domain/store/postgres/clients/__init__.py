"""SQL of clients and play sessions."""
