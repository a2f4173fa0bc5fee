"""A doorway for browsers and programs: the same `assess`, as pages and as REST. Needs the extra `web`."""
