"""Approvals (审批): what one person asks for and others agree to before it happens."""
