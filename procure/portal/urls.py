from django.urls import path

from procure.portal import views

app_name = "portal"
urlpatterns = [
    path("s/<str:token>/", views.event, name="event"),
    path("s/<str:token>/proof/", views.proof, name="proof"),
]
