"""The counter: what a clerk redeems with, in a browser, on the home screen."""
