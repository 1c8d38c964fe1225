"""Close: proof that figures which must be equal are equal. A break marks the account; it never stops the day's work."""
