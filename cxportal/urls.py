from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("clients.account_urls")),
    path("api/v1/", include("clients.api.urls")),
    path("api/v1/", include("projects.api.urls")),
    path("api/v1/", include("feedback.api.urls")),
    path("", include("cxportal.portal.urls")),
    path("", include("projects.urls")),
    path("", include("feedback.urls")),
    path("", include("clients.urls")),
]

handler400 = "cxportal.portal.views.errors.bad_request"
handler403 = "cxportal.portal.views.errors.permission_denied"
handler404 = "cxportal.portal.views.errors.not_found"
handler429 = (
    "cxportal.portal.views.errors.too_many_requests"  # django-allauth's, when there were too many attempts
)
handler500 = "cxportal.portal.views.errors.server_error"
