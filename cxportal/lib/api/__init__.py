"""What all parts of the REST API share: problems, strict parsing, throttling, pages, the description."""
