from django.urls import path

from inventory.api import items, stock

urlpatterns = [
    path("items", items.Items.as_view()),
    path("items/<int:pk>", items.OneItem.as_view()),
    path("locations", items.ListLocations.as_view()),
    path("levels", stock.ListLevels.as_view()),
    path("levels/adjust", stock.AdjustStock.as_view()),
    path("levels/<int:pk>/sort", stock.SortStock.as_view()),
    path("levels/<int:pk>/safety-stock", stock.SetSafetyStock.as_view()),
    path("discrepancies", stock.ListDiscrepancies.as_view()),
    path("discrepancies/<int:pk>/settle", stock.SettleDiscrepancy.as_view()),
    path("receipts", stock.Receipts.as_view()),
    path("movements", stock.ListMovements.as_view()),
    path("reservations", stock.ListReservations.as_view()),
]
