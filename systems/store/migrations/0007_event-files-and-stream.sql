-- Up Migration

-- The files of a job's folder. One that grows, or is written anew, is another: its size or time differ.
create table event_files (
  id bigint generated always as identity primary key,
  job_id text not null references jobs on delete cascade,
  path text not null,
  size_bytes bigint not null,
  modified_at timestamptz not null,
  account_id text not null,
  event_type text not null,
  -- Date and time in the name, as written there: good for the order alone.
  stamp text not null,
  -- The name of the file that tells how many rows it has.
  count_file text,
  state text not null default 'waiting'
    check (state in ('waiting', 'ready', 'reading', 'failed', 'set-aside', 'done', 'repeated')),
  -- Why it is in that state, in the reader's words.
  reason text not null default '',
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz,
  -- How often it was tried without success since it was found, or since "jobs retry".
  failures integer not null default 0,
  next_try_at timestamptz,
  -- The fence: each attempt takes the next number, and an attempt with an older one changes nothing.
  attempt integer not null default 0,
  -- SHA-256 of its plain bytes; known once it is proven whole.
  content_hash bytea,
  -- Records up to this one are in the stream, or set aside.
  read_to bigint not null default 0,
  -- Records up to this one are in profiles.
  folded_to bigint not null default 0,
  -- Of the packed bytes, how many had been read when the watermark last moved.
  bytes_read bigint not null default 0,
  events bigint not null default 0,
  repeated_rows bigint not null default 0,
  set_aside_rows bigint not null default 0,
  -- Events by which nobody could be found: they are in the stream only.
  nobodys_rows bigint not null default 0,
  unique (job_id, path, size_bytes, modified_at)
);
create index event_files_by_state on event_files (job_id, state);
create index event_files_by_content on event_files (content_hash) where content_hash is not null;

-- The header of a file, from this record on: an archive may have several.
create table event_columns (
  file_id bigint not null references event_files on delete cascade,
  from_line bigint not null,
  -- A JSON array of names.
  columns text not null,
  primary key (file_id, from_line)
);

-- The stream. The row is kept as a JSON array in the order of its file's columns.
create table responsys_events (
  event_key uuid primary key,
  file_id bigint not null,
  line bigint not null,
  account_id text not null,
  event text not null,
  at timestamptz not null,
  row text not null
);
create index responsys_events_of_file on responsys_events (file_id, line);

-- Rows that could not be read: where, and why. Of their values nothing is kept.
create table set_aside_events (
  file_id bigint not null references event_files on delete cascade,
  line bigint not null,
  reason text not null,
  primary key (file_id, line)
);

-- What a mapping made of a person's events, as the mapping writes it: the fields are computed of it. Several
-- where profiles were merged, until the next events come.
alter table profiles add column aggregates text[];

-- Down Migration
alter table profiles drop column aggregates;
drop table set_aside_events, responsys_events, event_columns, event_files;
