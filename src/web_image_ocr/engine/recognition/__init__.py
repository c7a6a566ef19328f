"""Recognize the text of detected lines, straight or curved, with confidences."""
