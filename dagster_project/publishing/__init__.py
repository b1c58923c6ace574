"""Tables to what leaves the house: suppressed copies, the warehouse, reports and what a console shows."""
