"""The endpoints of the live process: WebSockets and event streams, from request to session."""
