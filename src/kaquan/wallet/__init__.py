"""What customers do themselves: claim by a link, log in by a phone, keep and give vouchers."""
