"""Absence files of HR and payroll systems: what each system writes is said by a profile, a data file. Pure."""
