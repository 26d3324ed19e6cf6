"""Brevo's nouns."""
