"""Offers: terms as data, checked, priced, stacked and put into words."""
