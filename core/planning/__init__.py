"""Pure rules over records: the plan of a promotion, manual resolutions, suggestions."""
