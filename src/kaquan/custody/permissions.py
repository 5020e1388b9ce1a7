"""What people need to deal with paper."""

VIEW = "custody.view"
MOVE = "custody.move"
"""Send, sign, hand out, take back, report missing and spoiled."""
SUPPLY = "custody.supply"
"""Take over from the printer, activate, destroy, say what became of missing pieces."""
