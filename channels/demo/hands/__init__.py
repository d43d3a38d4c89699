"""The hands that the story acts with: a shopper's, a clerk's at her desk, a program's. All over HTTP."""

from channels.demo.hands.desk import Desk
from channels.demo.hands.party import Party
from channels.demo.hands.program import Program
from channels.demo.hands.trouble import Trouble, wait_for

__all__ = ["Desk", "Party", "Program", "Trouble", "wait_for"]
