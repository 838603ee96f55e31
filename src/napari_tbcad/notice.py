"""What every panel and every export says of its use."""

NOTICE = "Research use only. Not for diagnosis."
