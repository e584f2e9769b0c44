from clients.admin import companies, people

__all__ = ["companies", "people"]
