"""Messages as plain JSON: NAV's interfaces for employers' systems, and others that no standard names."""
