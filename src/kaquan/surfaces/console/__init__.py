"""The operator's console, at /console/."""
