-- Points that withdrawn events moved are found by the events. Writer: design.

create index ledger_entry_seq on ledger_entry (seq) where seq is not null;
create index ledger_entry_return on ledger_entry (source) where kind = 'return';
create index lot_entry on lot (entry);
