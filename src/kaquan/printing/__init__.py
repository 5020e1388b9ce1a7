"""Paper vouchers: what a printed one looks like, runs of them, and what their printer gets."""
