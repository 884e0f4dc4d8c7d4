-- What was bought about people, beside what they told us. Writer: profile.

-- A file that was taken in, or what a provider was asked on one day, with what was declared then: provider, license,
-- cost, purpose.
create table overlay_load (
    id bigint generated always as identity primary key,
    overlay text collate "C" not null,
    declared text not null,
    -- The name of the file, or the host that was asked.
    origin text not null,
    -- Of the file, or identifiers that were answered.
    rows bigint not null default 0,
    matched bigint not null default 0,
    -- Matched in a file, and not kept: several people use the identifier, they live elsewhere, or said no yes.
    shared bigint not null default 0,
    elsewhere bigint not null default 0,
    without_yes bigint not null default 0,
    cost_cents double precision not null default 0,
    -- What is asked and not answered may cost so much: it counts as spent until the answer is here.
    open_cents double precision not null default 0,
    loaded_at timestamptz not null,
    -- What was loaded counts until then.
    expires_at timestamptz not null,
    -- Asked for, and not from a file.
    is_asked boolean not null,
    -- Dropped, or replaced by a file: what asking cost counts against the limit of that day still.
    is_gone boolean not null default false
);
create index overlay_load_overlay on overlay_load (overlay, loaded_at);

-- What was bought about an identifier: merges, splits and erasures need not move it.
create table overlay_value (
    overlay text collate "C" not null,
    value bigint not null,
    load bigint not null,
    -- Values by field; without any: the provider knows nothing. NULL: asked, and not answered yet.
    said jsonb,
    primary key (overlay, value)
);
create index overlay_value_value on overlay_value (value);

-- How asking a provider goes, and when it goes on.
create table overlay_asking (
    id integer generated always as identity primary key,
    overlay text collate "C" not null unique,
    began_at timestamptz not null,
    -- NULL: under way, or cut off.
    ended_at timestamptz,
    next_at timestamptz not null,
    -- Why the last run failed, and how many did in a row.
    fault text,
    faults integer not null default 0,
    -- The last run: how many it wanted to ask about, how many were answered, values that could not be read.
    wanted bigint not null default 0,
    asked bigint not null default 0,
    unread bigint not null default 0,
    -- Whom nothing is asked about, and why.
    shared bigint not null default 0,
    elsewhere bigint not null default 0,
    without_yes bigint not null default 0
);

-- Identifiers of a kind that somebody holds, and why what a provider knows about one is not for us: several people use it, its
-- holder lives elsewhere than the license says, or gave no yes that is needed. Empty: it is. One statement, so that it becomes
-- a part of the query that asks: called for each row it costs ten times as much.
create function overlay_holders(kind text, countries text[], purpose text, needs_yes boolean, at timestamptz)
returns table (value bigint, shown text, why text) language sql stable as $$
    select v.id, v.shown, case
        when h.holders > 1 then 'shared'
        when countries <> '{}' and not coalesce(p.country = any(countries), false) then 'elsewhere'
        when needs_yes and not exists (
            select from consent_state c
            where c.customer = h.customer and c.purpose = overlay_holders.purpose and c.allowed
                and coalesce(c.expires_at > at, true)
        ) then 'without_yes'
        else ''
    end
    from value v
    cross join lateral (
        select count(distinct s.customer) holders, min(s.customer) filter (where l.state = 0) customer
        from link l join signature s on s.id = l.signature and s.customer is not null
        where l.value = v.id
    ) h
    left join profile p on p.customer = h.customer
    where v.type = kind and v.shown <> '' and v.generic = 0 and h.customer is not null
$$;
