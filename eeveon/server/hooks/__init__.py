"""Webhooks: who sent one, what it says, whom it concerns, and that it is kept before it is answered."""
