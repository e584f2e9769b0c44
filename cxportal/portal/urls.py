from django.urls import path

from cxportal.portal.views.health import healthz
from cxportal.portal.views.home import home

urlpatterns = [path("", home, name="home"), path("healthz", healthz, name="healthz")]
