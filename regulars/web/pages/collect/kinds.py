"""What pages call each kind of source, and its icon."""

KINDS = {
    "tills": ("Transactions in store", "store"),
    "web": ("Behavior and orders on the web", "web"),
    "shop": ("Orders, refunds and customers of a web store", "bag"),
    "crm": ("Customer records", "people"),
    "email": ("E-mail deliveries and clicks", "mail"),
    "calls": ("Calls", "phone"),
    "own": ("What Regulars itself found and did", "cycle"),
    "other": ("Other", "file"),
}
