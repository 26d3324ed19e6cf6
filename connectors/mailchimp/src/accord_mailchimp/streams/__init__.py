"""Mailchimp's nouns."""
