from databases import rig, sqlite_url, url  # noqa: F401 - fixtures
