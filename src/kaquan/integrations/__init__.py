"""What flows out: the event feed, and webhooks."""
