"""Paper for the warehouse and the customer, drawn from plain data: no database, no request, no clock.

Each module has its dataclasses and one function that takes a sequence of them and gives one PDF.
"""
