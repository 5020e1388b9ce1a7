"""Addresses of the wallet. A claim link's token is public; nothing else here is worth anything."""

from django.urls import include, path

from kaquan.surfaces.wallet import entering, nearby, offline, paper, privacy, views, wechat

_PAGES = [
    path("", views.home, name="home"),
    path("c/<slug:token>", entering.claim, name="claim"),
    path("c/<slug:token>/line", entering.line, name="line"),
    path("c/<slug:token>/stores", nearby.of_link, name="link-stores"),
    path("code", views.member_code, name="code"),
    path("login", entering.log_in, name="login"),
    path("gift", entering.take_gift, name="gift"),
    path("paper", paper.convert, name="paper"),
    path("v/<int:serial>", views.voucher, name="voucher"),
    path("v/<int:serial>/stores", nearby.of_voucher, name="voucher-stores"),
    path("v/<int:serial>/give", views.give, name="give"),
    path("v/<int:serial>/take-back", views.take_back, name="take-back"),
    path("v/<int:serial>/calendar.ics", views.calendar, name="calendar"),
    path("v/<int:serial>/voucher.pkpass", views.apple_pass, name="pass"),
    path("statement", views.monthly, name="statement"),
    path("statement.csv", views.monthly_csv, name="statement-csv"),
    path("me", privacy.mine, name="mine"),
    path("me/phone", entering.add_phone, name="add-phone"),
    path("me/consent", privacy.consent, name="consent"),
    path("me/export", privacy.export, name="export"),
    path("me/card.ndef", privacy.member_card, name="member-card"),
    path("me/erase", privacy.erase, name="erase"),
    path("wechat", wechat.go, name="wechat"),
    path("wechat/back", wechat.back, name="wechat-back"),
    path("leave", privacy.leave, name="leave"),
    path("read-as", privacy.read_as, name="read-as"),
    path("worker.js", offline.worker, name="worker"),
    path("offline", offline.without_network, name="offline"),
    path("privacy", privacy.notice, name="privacy"),
    path("<path:address>", entering.nowhere, name="nowhere"),
]
urlpatterns = [path("", include((_PAGES, "wallet")))]
