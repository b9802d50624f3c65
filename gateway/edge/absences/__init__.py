"""Absences that employers report: files taken in and picked up, and the cases and sick leaves they belong to."""
