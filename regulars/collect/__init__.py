"""What happened: events enter once, are refused with a reason or appended to the journal, and are read in order.

Takes: messages in the Segment shape over HTTP (`gateway`), from files (`imports`), brokers (`feeds`) and rooms
    (`accept`, `announce`); what vendors post (`hooks`), kept raw and mapped by the worker (`map_deliveries`).
Gives: batches of decoded events (`claim`, `advance`), typed fact rows (`facts_of`), Parquet by day (`flush`), refusals,
    the inventory of systems, and how full and valid each field of a source is (`field_report`).
Writes tables: source, source_use, write_key, journal, refusal, set_aside, checkpoint, announcement, lake_file,
    lake_leaving, lake_retention, withdrawal, withdrawn_range, tracking_plan, violation, event_use, duplicate, replay,
    import_run, import_chunk, import_refusal, pull, system, audit_stretch, audit_cell, audit_use,
    webhook, webhook_mapping, delivery, delivery_event, client_trouble,
    stream, stream_offset, stream_delivery, device, stop_secret, stop_order, stopped, stop_use.
Never: says who an event belongs to, changes a journal row (but empties those of an erased person), or acknowledges
    what is not durable.
"""

from regulars.collect import erasure, feeds, formats, hold, paths, pulling, stop_files, stops
from regulars.collect.ahead import ReadAhead
from regulars.collect.aside import set_aside
from regulars.collect.audit import (
    CHANNELS,
    DISTINCT_ERROR,
    STATUSES,
    SYSTEM_KINDS,
    EventAudit,
    FieldAudit,
    FieldReport,
    Missing,
    Personal,
    SourceAudit,
    System,
    add_system,
    field_overview,
    field_report,
    inventory,
    is_read,
    journal_until,
    missing,
    read_lake,
    read_until,
    remove_system,
)
from regulars.collect.audit.masking import Look, hidden, hidden_text, in_the_clear, masked, masked_whole, shown_name
from regulars.collect.deliveries import map_deliveries
from regulars.collect.door import Arrival, Refused, Row, admit
from regulars.collect.entrances import Entrance, entrances
from regulars.collect.errors import FilesBusy, MendRefused, RateExceeded
from regulars.collect.facts import FACT_COLUMNS, Fact, FactColumn, cents, facts_of
from regulars.collect.facts import whole as whole_number
from regulars.collect.files.guess import ROW_KINDS, Column, Guess, guess
from regulars.collect.files.import_runs import STARTING as IMPORT_STARTING
from regulars.collect.files.import_runs import ImportRun, RowRefusal, import_run, list_imports, refused_rows
from regulars.collect.files.import_runs import launch as launch_import
from regulars.collect.files.import_runs import undo as undo_import
from regulars.collect.files.imports import Followed, ImportReport, Shown, first_events, import_file, look, try_file
from regulars.collect.files.imports import begin as begin_import
from regulars.collect.files.imports import carry as carry_import
from regulars.collect.files.mapping import Mapping
from regulars.collect.files.mapping import check as check_mapping
from regulars.collect.files.mapping import load as load_mapping
from regulars.collect.files.query import queried
from regulars.collect.files.uploads import UPLOAD_MAX_BYTES, Waiting
from regulars.collect.files.uploads import in_folder as files_in_folder
from regulars.collect.files.uploads import receive as receive_upload
from regulars.collect.files.uploads import tidy as tidy_uploads
from regulars.collect.files.uploads import waiting as waiting_file
from regulars.collect.formats import Dialect
from regulars.collect.hooks import Hook, Hooks, add_webhook, list_webhooks, url_of, webhook_by_name
from regulars.collect.http.express import Lane, listener
from regulars.collect.http.gateway import Gateway, gateway
from regulars.collect.http.keyring import KEY_CACHE_SECONDS
from regulars.collect.http.limits import (
    EVENTS_PER_SECOND,
    RATE_MAX,
    REQUEST_BYTES,
    REQUEST_MAX_BYTES,
    REQUESTS_PER_SECOND,
    Limits,
    Meter,
    Trouble,
    change_limits,
    limits_of,
    set_limits,
    trouble_of,
)
from regulars.collect.journal import (
    FLOW,
    LAKE,
    Announcement,
    Receipt,
    Refusal,
    accept,
    accept_mixed,
    advance,
    announce,
    checkpoint_of,
    claim,
    events_at,
    free_position,
    publish,
    read,
    refusals,
)
from regulars.collect.kept import (
    DELIVERIES_A_PAGE,
    Delivery,
    Preview,
    SavedMapping,
    content_of,
    deliveries,
    latest_mapping,
    preview,
    raw_delivery,
    save_mapping,
)
from regulars.collect.keys import (
    SOURCE_KINDS,
    Source,
    SourceUse,
    keep_current,
    list_sources,
    register,
    source_by_name,
)
from regulars.collect.keys import imagine as imagine_source
from regulars.collect.lake import (
    Damage,
    FlushReport,
    Repaired,
    Verified,
    fact_files,
    flush,
    follow_in_lake,
    remove_left,
)
from regulars.collect.lake import compact as compact_lake
from regulars.collect.lake import prune as prune_lake
from regulars.collect.lake import repair as repair_lake
from regulars.collect.lake import tend as tend_lake
from regulars.collect.lake import verify as verify_lake
from regulars.collect.live.arrivals import (
    LOOKED_THROUGH_ROWS,
    PASSED_OVER_ROWS,
    VERDICTS,
    ArrivalPage,
    Arrived,
    Cursor,
    Heads,
    Search,
    arrivals,
    count_new,
    cursor_of,
    heads,
    note_duplicates,
)
from regulars.collect.live.difference import Difference, differences
from regulars.collect.live.event import StoredEvent, stored_event
from regulars.collect.plan.check import BY_KIND as EVENT_BY_KIND
from regulars.collect.plan.check import Checker, Told, Violation
from regulars.collect.plan.declare import Plan
from regulars.collect.plan.declare import declare as declare_plan
from regulars.collect.plan.watch import (
    FAULTS_LISTED_MAX,
    EventUse,
    PlanVersion,
    ViolationCount,
    Watch,
    current_plan,
    event_uses,
    has_judged,
    load_plan,
    plan_versions,
    try_plan,
    violating_events,
    violation_counts,
)
from regulars.collect.properties import EventSchema, Property
from regulars.collect.pruning import PRUNED_AT_ONCE_MAX, prune_deliveries
from regulars.collect.refused.mends import OPERATIONS as MEND_OPERATIONS
from regulars.collect.refused.mends import Mend, is_cut
from regulars.collect.refused.replay import (
    Replay,
    Trial,
    carry_replay,
    order_replay,
    send_by_hand,
    try_replay,
)
from regulars.collect.refused.replay import (
    dismiss as dismiss_refusal,
)
from regulars.collect.refused.replay import (
    dismiss_like as dismiss_group,
)
from regulars.collect.refused.replay import (
    replays as refusal_replays,
)
from regulars.collect.refused.search import PAGE_ROWS as REFUSALS_PER_PAGE
from regulars.collect.refused.search import (
    STATES as REFUSAL_STATES,
)
from regulars.collect.refused.search import (
    KeptRefusal,
    OneRefusal,
    RefusalGroup,
    RefusalSearch,
    one_refusal,
    refusal_groups,
    refusal_states,
    search_refusals,
)
from regulars.collect.remapping import Change, ReplayReport
from regulars.collect.remapping import replay as replay_deliveries
from regulars.collect.remapping import try_replay as try_replay_deliveries
from regulars.collect.schema import message_schema
from regulars.collect.vocabulary import Group as VocabularyGroup
from regulars.collect.vocabulary import events as vocabulary_events
from regulars.collect.vocabulary import groups as vocabulary_groups
from regulars.collect.webhooks import webhooks
from regulars.collect.wires import Wire, wires
from regulars.collect.withdrawals import Piece, Withdrawal, next_piece, piece_done, withdraw, withdrawal, withdrawals
from regulars.collect.write_keys import (
    ROTATION_OVERLAP_HOURS,
    Holder,
    WriteKey,
    add_key,
    describe_key,
    end_of_rotated,
    holder_of,
    key_state,
    revoke,
    rotate,
    write_keys,
)

__all__ = [
    "CHANNELS",
    "DELIVERIES_A_PAGE",
    "DISTINCT_ERROR",
    "EVENTS_PER_SECOND",
    "EVENT_BY_KIND",
    "FACT_COLUMNS",
    "FAULTS_LISTED_MAX",
    "FLOW",
    "IMPORT_STARTING",
    "KEY_CACHE_SECONDS",
    "LAKE",
    "LOOKED_THROUGH_ROWS",
    "MEND_OPERATIONS",
    "PASSED_OVER_ROWS",
    "PRUNED_AT_ONCE_MAX",
    "RATE_MAX",
    "REFUSALS_PER_PAGE",
    "REFUSAL_STATES",
    "REQUESTS_PER_SECOND",
    "REQUEST_BYTES",
    "REQUEST_MAX_BYTES",
    "ROTATION_OVERLAP_HOURS",
    "ROW_KINDS",
    "SOURCE_KINDS",
    "STATUSES",
    "SYSTEM_KINDS",
    "UPLOAD_MAX_BYTES",
    "VERDICTS",
    "Announcement",
    "Arrival",
    "ArrivalPage",
    "Arrived",
    "Change",
    "Checker",
    "Column",
    "Cursor",
    "Damage",
    "Delivery",
    "Dialect",
    "Difference",
    "Entrance",
    "EventAudit",
    "EventSchema",
    "EventUse",
    "Fact",
    "FactColumn",
    "FieldAudit",
    "FieldReport",
    "FilesBusy",
    "FlushReport",
    "Followed",
    "Gateway",
    "Guess",
    "Heads",
    "Holder",
    "Hook",
    "Hooks",
    "ImportReport",
    "ImportRun",
    "KeptRefusal",
    "Lane",
    "Limits",
    "Look",
    "Mapping",
    "Mend",
    "MendRefused",
    "Meter",
    "Missing",
    "OneRefusal",
    "Personal",
    "Piece",
    "Plan",
    "PlanVersion",
    "Preview",
    "Property",
    "RateExceeded",
    "ReadAhead",
    "Receipt",
    "Refusal",
    "RefusalGroup",
    "RefusalSearch",
    "Refused",
    "Repaired",
    "Replay",
    "ReplayReport",
    "Row",
    "RowRefusal",
    "SavedMapping",
    "Search",
    "Shown",
    "Source",
    "SourceAudit",
    "SourceUse",
    "StoredEvent",
    "System",
    "Told",
    "Trial",
    "Trouble",
    "Verified",
    "Violation",
    "ViolationCount",
    "VocabularyGroup",
    "Waiting",
    "Watch",
    "Wire",
    "Withdrawal",
    "WriteKey",
    "accept",
    "accept_mixed",
    "add_key",
    "add_system",
    "add_webhook",
    "admit",
    "advance",
    "announce",
    "arrivals",
    "begin_import",
    "carry_import",
    "carry_replay",
    "cents",
    "change_limits",
    "check_mapping",
    "checkpoint_of",
    "claim",
    "compact_lake",
    "content_of",
    "count_new",
    "current_plan",
    "cursor_of",
    "declare_plan",
    "deliveries",
    "describe_key",
    "differences",
    "dismiss_group",
    "dismiss_refusal",
    "end_of_rotated",
    "entrances",
    "erasure",
    "event_uses",
    "events_at",
    "fact_files",
    "facts_of",
    "feeds",
    "field_overview",
    "field_report",
    "files_in_folder",
    "first_events",
    "flush",
    "follow_in_lake",
    "formats",
    "free_position",
    "gateway",
    "guess",
    "has_judged",
    "heads",
    "hidden",
    "hidden_text",
    "hold",
    "holder_of",
    "imagine_source",
    "import_file",
    "import_run",
    "in_the_clear",
    "inventory",
    "is_cut",
    "is_read",
    "journal_until",
    "keep_current",
    "key_state",
    "latest_mapping",
    "launch_import",
    "limits_of",
    "list_imports",
    "list_sources",
    "list_webhooks",
    "listener",
    "load_mapping",
    "load_plan",
    "look",
    "map_deliveries",
    "masked",
    "masked_whole",
    "message_schema",
    "missing",
    "next_piece",
    "note_duplicates",
    "one_refusal",
    "order_replay",
    "paths",
    "piece_done",
    "plan_versions",
    "preview",
    "prune_deliveries",
    "prune_lake",
    "publish",
    "pulling",
    "queried",
    "raw_delivery",
    "read",
    "read_lake",
    "read_until",
    "receive_upload",
    "refusal_groups",
    "refusal_replays",
    "refusal_states",
    "refusals",
    "refused_rows",
    "register",
    "remove_left",
    "remove_system",
    "repair_lake",
    "replay_deliveries",
    "revoke",
    "rotate",
    "save_mapping",
    "search_refusals",
    "send_by_hand",
    "set_aside",
    "set_limits",
    "shown_name",
    "source_by_name",
    "stop_files",
    "stops",
    "stored_event",
    "tend_lake",
    "tidy_uploads",
    "trouble_of",
    "try_file",
    "try_plan",
    "try_replay",
    "try_replay_deliveries",
    "undo_import",
    "url_of",
    "verify_lake",
    "violating_events",
    "violation_counts",
    "vocabulary_events",
    "vocabulary_groups",
    "waiting_file",
    "webhook_by_name",
    "webhooks",
    "whole_number",
    "wires",
    "withdraw",
    "withdrawal",
    "withdrawals",
    "write_keys",
]
