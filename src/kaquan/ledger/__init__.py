"""The one door through which a voucher, a limit or money ever changes."""
