-- Affinity: what people answer when they are asked, and what follows from a bad answer. Writer: analyze.

-- One row an answer. Whose it is says the journal's record (event_customer), so merges and splits are obeyed by
-- themselves; words are not copied, only how they sound.
create table survey_answer (
    seq bigint primary key,
    at timestamptz not null,
    day bigint not null,
    survey text collate "C" not null,
    touch_point text collate "C" not null,
    measure text collate "C" not null,
    score bigint not null,
    -- From 0 (worst) to 1 (best) on the scale of the question; null: nobody told the scale.
    level double precision,
    -- Bad enough for a follow-up, by what its question declared when it was answered.
    bad boolean not null,
    -- Where she stood when she answered; null: nobody we knew.
    stage text collate "C",
    -- From -100 to 100 by our English words; null: see words.
    sentiment smallint,
    -- What became of the free text: none, scored, not_english, no_language.
    words text collate "C" not null check (words in ('none', 'scored', 'not_english', 'no_language'))
);
create index survey_answer_day on survey_answer (day);
create index survey_answer_place on survey_answer (touch_point, measure, day);

-- A bad answer of somebody we know waits for a person of ours.
create table follow_up (
    id bigint generated always as identity primary key,
    -- The answer; whose it is says the journal's record.
    seq bigint not null unique,
    made_at timestamptz not null,
    -- Somebody opened it again, and it has its days again; null: nobody did.
    reopened_at timestamptz,
    state text collate "C" not null check (state in ('open', 'done', 'lapsed')),
    -- Account of who takes care; null: nobody yet.
    assignee bigint,
    note text not null default '',
    ended_at timestamptz,
    ended_by text not null default ''
);
create index follow_up_open on follow_up (made_at) where state = 'open';
create index follow_up_newest on follow_up (state, id desc);
