from django.urls import path

from orders.api import files, orders, refunds

urlpatterns = [
    path("orders", orders.Orders.as_view()),
    path("orders/<int:pk>", orders.GetOrder.as_view()),
    path("orders/<int:pk>/hold", orders.HoldOrder.as_view()),
    path("orders/<int:pk>/release-hold", orders.ReleaseHold.as_view()),
    path("orders/<int:pk>/payments", orders.EnterPayment.as_view()),
    path("orders/<int:pk>/note", orders.AddNote.as_view()),
    path("orders/<int:pk>/attach-file", files.AttachFile.as_view()),
    path("orders/<int:pk>/remove-file", files.RemoveFile.as_view()),
    path("files/<int:pk>", files.GetFile.as_view()),
    path("orders/<int:pk>/correct-address", orders.CorrectAddress.as_view()),
    path("orders/<int:pk>/map-line", orders.MapLine.as_view()),
    path("orders/<int:pk>/free-line", orders.FreeLine.as_view()),
    path("orders/<int:pk>/ask-line", orders.AskLine.as_view()),
    path("orders/<int:pk>/reopen", orders.ReopenOrder.as_view()),
    path("orders/<int:pk>/refund", refunds.RefundOrder.as_view()),
    path("refunds", refunds.ListRefunds.as_view()),
    path("refunds/<int:pk>", refunds.GetRefund.as_view()),
    path("refunds/<int:pk>/settle", refunds.SettleRefund.as_view()),
    path("refunds/<int:pk>/fail", refunds.FailRefund.as_view()),
    path("refunds/<int:pk>/retry", refunds.RetryRefund.as_view()),
    path("refunds/<int:pk>/give-up", refunds.GiveUpRefund.as_view()),
]
