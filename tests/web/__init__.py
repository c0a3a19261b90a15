"""Routes, sockets and pages, on the real stores."""
