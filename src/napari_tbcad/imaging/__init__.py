"""Images with geometry, and what is done to them whatever they show."""
