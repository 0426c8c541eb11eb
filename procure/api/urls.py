from django.contrib.auth.decorators import login_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from procure.api import edge, health, views

app_name = "api"
router = SimpleRouter()
router.register("requisitions", views.Requisitions, basename="requisition")
router.register("proposals", views.Proposals, basename="proposal")
router.register("events", views.Events, basename="event")
router.register("plans", views.Plans, basename="plan")
router.register("notices", views.Notices, basename="notice")
router.register("orders", views.Orders, basename="order")

urlpatterns = [
    path("api/v1/", include(router.urls)),
    path("api/v1/edge/lease/", edge.Lease.as_view(), name="edge-lease"),
    path("api/v1/edge/beat/", edge.Beat.as_view(), name="edge-beat"),
    path("api/v1/edge/finish/", edge.Finish.as_view(), name="edge-finish"),
    path("api/v1/edge/fail/", edge.Fail.as_view(), name="edge-fail"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", login_required(SpectacularSwaggerSplitView.as_view(url_name="api:schema")), name="docs"),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", health.metrics, name="metrics"),
]
