"""Provide what every layer uses: errors, deadlines, limits of the machine, the audit trail."""
