"""Starts, watches and stops the processes of the system on one machine: standard library only, no Django.

``python -m oms.embedded --help`` lists the verbs; the Makefile calls them.
"""
