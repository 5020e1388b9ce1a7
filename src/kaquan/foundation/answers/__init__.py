"""What was answered to requests that changed something: the same request gets the same bytes."""
