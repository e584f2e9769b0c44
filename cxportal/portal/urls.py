from django.urls import path

from cxportal.portal.views.home import home

urlpatterns = [path("", home, name="home")]
