"""HubSpot's nouns."""
