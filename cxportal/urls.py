from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
    path("", include("cxportal.portal.urls")),
    path("", include("projects.urls")),
    path("", include("feedback.urls")),
    path("", include("clients.urls")),
]
