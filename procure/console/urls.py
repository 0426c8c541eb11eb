from django.urls import path

from procure.console.views import ledger, sources, switches

app_name = "console"
urlpatterns = [
    path("", ledger.entries, name="home"),
    path("ledger/", ledger.entries, name="ledger"),
    path("sources/<slug:digest>/", sources.source, name="source"),
    path("switches/", switches.board, name="switches"),
    path("switches/turn/", switches.turn, name="turn"),
]
