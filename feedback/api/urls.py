from django.urls import path

from feedback.api.views import MessagesView, MessageView, NotesView, ThreadsView, ThreadView

THREAD = "threads/<uuid:uid>/"

urlpatterns = [
    path("threads/", ThreadsView.as_view(), name="api_threads"),
    path(THREAD, ThreadView.as_view(), name="api_thread"),
    path(THREAD + "messages/", MessagesView.as_view(), name="api_messages"),
    path(THREAD + "notes/", NotesView.as_view(), name="api_notes"),
    path("messages/<uuid:uid>/", MessageView.as_view(), name="api_message"),
]
