from django.urls import path

from clients.views.appearance import choose_language, set_theme
from clients.views.preferences import preferences

urlpatterns = [
    path("preferences/", preferences, name="preferences"),
    path("preferences/theme/", set_theme, name="set_theme"),
    path("preferences/language/", choose_language, name="choose_language"),
]
