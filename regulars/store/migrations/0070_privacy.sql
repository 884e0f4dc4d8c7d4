-- People who are erased. Writer: privacy.

create table erasure (
    id bigint generated always as identity primary key,
    -- Names it in the file beside the database, by which a restored backup is caught up.
    token text collate "C" not null unique,
    -- Whom; null once she has left the rooms.
    customer bigint,
    -- Whom the file beside the database tells of, of those who are here; empty once they have left the rooms.
    people bigint[] not null default '{}',
    actor text not null,
    reason text not null,
    asked_at timestamptz not null,
    -- What happened up to this instant is erased; who comes later is somebody new.
    erased_at timestamptz not null,
    -- asked; left (the rooms are without her, files and what was under way follow); done (proved)
    state text collate "C" not null check (state in ('asked', 'left', 'done')),
    -- By which the lake follows.
    withdrawal bigint,
    -- What went, in counts.
    gone jsonb,
    -- Her identifiers in all spellings until the proof is written, then empty.
    sought text[] not null default '{}',
    -- What the file beside the database gets: keyed hashes only. Null once it has it.
    memory text,
    -- The proof as it was signed, and the signature under it.
    report text,
    signature text,
    done_at timestamptz
);
create unique index erasure_of_one on erasure (customer) where customer is not null;
