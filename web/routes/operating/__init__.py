"""What those see who run the service: health, metrics, and the numbers of now with their page."""
