"""Several methods on one split with one budget: trained, judged, and put side by side."""
