"""The query language: text to syntax tree and back.

The only layer that uses lark. It knows the words of a question and nothing about any cluster.
"""
