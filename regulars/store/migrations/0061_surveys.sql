-- Whom we asked what: for caps, and so that a link answers once. Writer: engage.

create table survey_asking (
    -- A letter's outbox row, or a number of our own.
    key text collate "C" primary key,
    survey text collate "C" not null,
    touch_point text collate "C" not null,
    channel text collate "C" not null,
    -- Null: whoever stood before a kiosk.
    customer bigint,
    asked_at timestamptz not null,
    answered_at timestamptz
);
create index survey_asking_customer on survey_asking (customer, asked_at) where customer is not null;
create index survey_asking_old on survey_asking (asked_at);
create index survey_asking_kiosk on survey_asking (survey, touch_point, asked_at) where customer is null;
