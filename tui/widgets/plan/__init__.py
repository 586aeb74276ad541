"""The plan of a promotion, field by field."""
