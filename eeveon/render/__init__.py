"""What people and scripts see of a plan, of diagnostics, verdicts and outcomes. Pure: nouns in, text out."""
