"""Campaigns (活动): goals, schedule and the batches that belong to them."""
