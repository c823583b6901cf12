"""The page of growing galleries: measured points, fitted laws, plot, report."""
