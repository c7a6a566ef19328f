"""Turn pixels into a page of text: detect, align, recognize, order.

Independent of HTTP and of file formats. Start with ``pipeline``, which lists the stages.
"""
