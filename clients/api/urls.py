from django.urls import path

from clients.api.views import LoginView, LogoutView, MeView

urlpatterns = [
    path("login/", LoginView.as_view(), name="api_login"),
    path("logout/", LogoutView.as_view(), name="api_logout"),
    path("me/", MeView.as_view(), name="api_me"),
]
