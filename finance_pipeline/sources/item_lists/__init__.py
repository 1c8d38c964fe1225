"""Lists of open items that somebody exported or typed: CSV and Excel, columns known by their headers."""
