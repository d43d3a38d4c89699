from django.urls import path

from returns.api import returns

urlpatterns = [
    path("returns", returns.Returns.as_view()),
    path("returns/unannounced", returns.ReceiveUnannounced.as_view()),
    path("returns/<int:pk>/match", returns.MatchReturn.as_view()),
    path("returns/<int:pk>/unmatch", returns.UnmatchReturn.as_view()),
    path("returns/<int:pk>", returns.GetReturn.as_view()),
    path("returns/<int:pk>/authorise", returns.AuthoriseReturn.as_view()),
    path("returns/<int:pk>/decline", returns.DeclineReturn.as_view()),
    path("returns/<int:pk>/cancel", returns.CancelReturn.as_view()),
    path("returns/<int:pk>/receive", returns.ReceiveReturn.as_view()),
    path("returns/<int:pk>/correct-arrival", returns.CorrectArrival.as_view()),
    path("returns/<int:pk>/finish-reception", returns.FinishReception.as_view()),
    path("returns/<int:pk>/inspect", returns.InspectReturn.as_view()),
    path("returns/<int:pk>/refund", returns.RefundReturn.as_view()),
    path("returns/<int:pk>/close", returns.CloseReturn.as_view()),
]
