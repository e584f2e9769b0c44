from django.urls import path

from cxportal.portal.api.views import IndexView, SchemaView
from cxportal.portal.views.api_reference import api_reference
from cxportal.portal.views.health import healthz, readyz
from cxportal.portal.views.home import home
from cxportal.portal.views.my_weekly import my_weekly, weekly_again, weekly_stop
from cxportal.portal.views.weekly import weekly, weekly_preview, weekly_send

urlpatterns = [
    path("", home, name="home"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("api/", api_reference, name="api_reference"),
    path("api/v1/", IndexView.as_view(), name="api_index"),
    path("api/v1/schema/", SchemaView.as_view(), name="api_schema"),
    path("weekly/", my_weekly, name="my_weekly"),
    path("weekly/stop/<str:token>/", weekly_stop, name="weekly_stop"),
    path("weekly/again/<str:token>/", weekly_again, name="weekly_again"),
    path("projects/<str:code>/weekly/", weekly, name="weekly"),
    path("projects/<str:code>/weekly/send/", weekly_send, name="weekly_send"),
    path("projects/<str:code>/weekly/preview/<int:pk>/", weekly_preview, name="weekly_preview"),
]
