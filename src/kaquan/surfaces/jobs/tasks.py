"""What there is to do in the background: the one place that knows every kind of job.

The worker imports this module; a kind that is not registered here fails as unknown.
"""
