"""Addresses of the counter. All that is asked and answered stands in bodies."""

from django.urls import path

from kaquan.surfaces.counter import offline_views, shell, views

app_name = "counter"
urlpatterns = [
    path("", shell.page, name="page"),
    path("sw.js", shell.worker, name="worker"),
    path("manifest.webmanifest", shell.manifest, name="manifest"),
    path("state", views.state, name="state"),
    path("register", views.register, name="register"),
    path("login", views.log_in, name="login"),
    path("lock", views.log_out, name="lock"),
    path("pin", views.choose_pin, name="pin"),
    path("look", views.look_at, name="look"),
    path("member", views.member, name="member"),
    path("redeem", views.redeem, name="redeem"),
    path("top-up", views.top_up, name="top-up"),
    path("undo", views.undo, name="undo"),
    path("answer", views.answer_again, name="answer"),
    path("today", views.today, name="today"),
    path("offline/renew", offline_views.renew_grant, name="offline-renew"),
    path("offline/sync", offline_views.hand_in, name="offline-sync"),
    path("offline/undo", offline_views.undo_taken, name="offline-undo"),
    path("hand-over", views.end_shift, name="hand-over"),
]
