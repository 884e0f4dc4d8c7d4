-- What was bought about people, beside what they told us. Writer: profile.

-- The load that holds of each overlay, with what was declared for it then: provider, license, cost, purpose.
create table overlay_load (
    overlay text collate "C" primary key,
    declared text not null,
    file text not null,
    rows bigint not null,
    matched bigint not null,
    -- Matched, and not kept: without a yes for the purpose, or elsewhere than the license says.
    kept_out bigint not null,
    loaded_at timestamptz not null,
    -- What was loaded counts until then.
    expires_at timestamptz not null
);

-- A bought value, at the identifier it was bought for: merges, splits and erasures need not move it.
create table overlay_value (
    overlay text collate "C" not null,
    value bigint not null,
    field text collate "C" not null,
    said text not null,
    primary key (overlay, value, field)
);
create index overlay_value_value on overlay_value (value);
