"""The table of China's administrative divisions; fetched here, committed, read by addresses."""
