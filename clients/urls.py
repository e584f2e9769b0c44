from django.urls import path

from clients.views.appearance import choose_language, set_theme
from clients.views.preferences import preferences
from clients.views.tokens import api_token_revoke, api_tokens

urlpatterns = [
    path("preferences/", preferences, name="preferences"),
    path("preferences/theme/", set_theme, name="set_theme"),
    path("preferences/language/", choose_language, name="choose_language"),
    path("preferences/tokens/", api_tokens, name="api_tokens"),
    path("preferences/tokens/<int:pk>/revoke/", api_token_revoke, name="api_token_revoke"),
]
