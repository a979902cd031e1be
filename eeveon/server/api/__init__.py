"""The controller's HTTP API: `/api/v1`, for who has a token."""
