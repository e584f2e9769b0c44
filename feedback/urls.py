from django.urls import path

from feedback.views import files, handling, messages, new, task_conversation, thread, threads

urlpatterns = [
    path("questions/", threads.threads, name="threads"),
    path("questions/new/", new.new, name="thread_new"),
    path("questions/files/<uuid:uid>/", files.message_file, name="message_file"),
    path("questions/messages/<uuid:uid>/take-back/", messages.take_back, name="message_take_back"),
    path("questions/messages/<uuid:uid>/delete/", messages.delete, name="message_delete"),
    path("questions/<uuid:uid>/", thread.thread, name="thread"),
    path("questions/<uuid:uid>/write/", thread.write, name="thread_write"),
    path("questions/<uuid:uid>/note/", thread.note, name="thread_note"),
    path("questions/<uuid:uid>/call/", thread.call, name="thread_call"),
    path("questions/<uuid:uid>/assign/", handling.assign, name="thread_assign"),
    path("questions/<uuid:uid>/no-reply/", handling.no_reply, name="thread_no_reply"),
    path("questions/<uuid:uid>/due/", handling.due, name="thread_due"),
    path("questions/<uuid:uid>/close/", handling.close, name="thread_close"),
    path("questions/<uuid:uid>/reopen/", handling.reopen, name="thread_reopen"),
    path("questions/<uuid:uid>/audience/", handling.audience, name="thread_audience"),
    path("questions/<uuid:uid>/follow/", handling.follow, name="thread_follow"),
    path("projects/<str:code>/questions/", threads.project_threads, name="project_threads"),
    path(
        "projects/<str:code>/tasks/<int:number>/conversation/",
        task_conversation.task_conversation,
        name="task_conversation",
    ),
    path(
        "projects/<str:code>/tasks/<int:number>/conversation/write/",
        task_conversation.write,
        name="task_conversation_write",
    ),
    path(
        "projects/<str:code>/tasks/<int:number>/conversation/note/",
        task_conversation.note,
        name="task_conversation_note",
    ),
]
